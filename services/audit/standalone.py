"""Checks an extract of an audit log. One file, Python 3.11 or newer, nothing else needed.

    python3 verify.py FOLDER-OR-ZIP [--key KEY]... [--checkpoint FILE] [--json]

It checks that the checkpoint is signed (Ed25519, C2SP signed note), that every entry stands at its place in the tree
the checkpoint signs (RFC 6962), and that personal data belong to their entries. Pass the log's public key and a
checkpoint that you were given on another way: those inside the extract could have been made together with it.
Exit status 0 when everything holds, 1 when not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path

# Ed25519, RFC 8032 section 5.1: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the field of P, base point of order L.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = add(found, point)
        point = add(point, point)
        scalar >>= 1
    return found


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(encoded):
    """The point, or None where the bytes are none."""
    if len(encoded) != 32:
        return None
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify_ed25519(public_key, message, signature):
    """Whether the signature is the key's for this message."""
    key, first = point_of(public_key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or first is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return same(times(scalar, BASE), add(first, times(challenge, key)))


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_inclusion(leaf, index, size, proof):
    """The root that a path leads to (RFC 9162, 2.1.3.2), or None when it has the wrong length."""
    node, last, found = index, size - 1, leaf
    if not 0 <= index < size:
        return None
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def parse_key(text):
    """(name, key id, public key) of `<name>+<id>+<base64>`; ValueError for something else."""
    name, hint, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if data[:1] != b"\x01" or len(data) != 33 or key_id.hex() != hint:
        raise ValueError("this is no Ed25519 key of a signed note")
    return name, key_id, data[1:]


def open_checkpoint(note, keys):
    """(origin, size, root) of a checkpoint that one of `keys` signed; ValueError when none did, or wrongly."""
    text, found, tail = note.rpartition("\n\n")
    if not found:
        raise ValueError("the checkpoint has no signature")
    text += "\n"
    known = {(name, key_id): key for name, key_id, key in keys}
    signed = False
    for line in tail.rstrip("\n").split("\n"):
        dash, name, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
        key = known.get((name, data[:4]))
        if dash == "\u2014" and key is not None:
            if not verify_ed25519(key, text.encode(), data[4:]):
                raise ValueError("a signature of the checkpoint is wrong")
            signed = True
    if not signed:
        raise ValueError("no known key signed the checkpoint")
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def entry_problem(line, size, root):
    """What is wrong with one line of entries.ndjson, or None."""
    told = json.loads(line)
    canonical = told["canonical"].encode()
    fields = json.loads(canonical)
    path = [bytes.fromhex(step) for step in told["path"]]
    if told["size"] != size or root_from_inclusion(leaf_hash(canonical), told["leaf"], size, path) != root:
        return f"{told['id']}: does not stand at leaf {told['leaf']} of the signed tree"
    if fields.get("id") != told["id"]:
        return f"{told['id']}: its bytes are those of another entry"
    if told["personal"] is not None:
        salted = bytes.fromhex(told["salt"]) + told["personal"].encode()
        if hashlib.sha256(salted).hexdigest() != fields["personal"]:
            return f"{told['id']}: its personal data were changed"
    return None


def read_extract(place):
    """The files of an extract, from a folder or a ZIP."""
    names = ("checkpoint.txt", "keys.txt", "entries.ndjson")
    if place.is_dir():
        return [(place / name).read_text(encoding="utf-8") for name in names]
    with zipfile.ZipFile(place) as bundle:
        return [bundle.read(name).decode() for name in names]


def check(place, keys=(), checkpoint=None):
    """Everything; a dictionary with `holds`, counts, and up to a hundred problems."""
    note, own_keys, entries = read_extract(place)
    trusted = [parse_key(key) for key in (keys or own_keys.splitlines()) if key.strip()]
    told = {"holds": False, "entries": 0, "problems": [], "keys_from_outside": bool(keys)}
    try:
        origin, size, root = open_checkpoint(note, trusted)
        if checkpoint is not None:
            other = open_checkpoint(checkpoint, trusted)
            if other[0] != origin or (other[1] == size and other[2] != root):
                raise ValueError("the checkpoint of the extract contradicts the one from outside")
            if other[1] != size:
                raise ValueError(
                    f"the checkpoint from outside is of {other[1]} entries, the extract's of {size}; "
                    "export again, or ask for `kontor audit verify --checkpoint`"
                )
    except ValueError as error:
        told["problems"].append(str(error))
        return told
    told |= {"origin": origin, "size": size, "root": root.hex()}
    for line in entries.split("\n"):
        if not line:
            continue
        told["entries"] += 1
        try:
            problem = entry_problem(line, size, root)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"line {told['entries']}: cannot be read ({type(error).__name__})"
        if problem and len(told["problems"]) < 100:
            told["problems"].append(problem)
    told["holds"] = not told["problems"]
    return told


def main():
    parser = argparse.ArgumentParser(description="Checks an extract of an audit log.")
    parser.add_argument("extract", type=Path)
    parser.add_argument("--key", action="append", default=[], help="the log's public key, from another way")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint of the same size, from another way")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    note = asked.checkpoint.read_text(encoding="utf-8") if asked.checkpoint else None
    told = check(asked.extract, asked.key, note)
    if asked.json:
        print(json.dumps(told, indent=2))
    else:
        for problem in told["problems"]:
            print(problem)
        if told["holds"]:
            print(f"{told['entries']} entries hold against the tree of {told['size']} of {told['origin']}.")
        if not told["keys_from_outside"]:
            print("The keys came with the extract. Compare them with those you were given on another way.")
    return 0 if told["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
