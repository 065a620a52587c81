"""Signed notes and checkpoints: C2SP signed-note and tlog-checkpoint, with Ed25519 (RFC 8032).

A note is a text, an empty line and signature lines. A checkpoint is a note whose text names a log, the size of
its tree and the tree's root. Ours carry one extension line, `time <seconds since 1970>`, so that a heartbeat
proves that the log still stands as it did.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_LONGEST = 1 << 20
_MOST_SIGNATURES = 100


class NoteError(ValueError):
    """The note cannot be trusted: it is malformed, signed by nobody known, or the signature is wrong."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name of who signs with it; written `<name>+<key id>+<base64 of 0x01 || key>`."""

    name: str
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Reads a verifier key as signed-note writes it. Raises NoteError."""
        name, hint, key = _key_parts(text.strip())
        found = cls(name, key)
        if found.key_id.hex() != hint:
            raise NoteError("the key's id does not belong to it")
        return found

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x01 || public key), its first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encoded(_ED25519 + self.public_key)}"

    def verify(self, text: bytes, signature: bytes) -> bool:
        return verify_ed25519(self.public_key, text, signature)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, written `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 || seed>`. Its repr hides the seed."""

    name: str
    seed: bytes

    @classmethod
    def generate(cls, name: str) -> Signer:
        return cls(_checked_name(name), Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Reads a signer key. Raises NoteError."""
        prefix = "PRIVATE+KEY+"
        if not text.startswith(prefix):
            raise NoteError("this is no signer key")
        name, hint, seed = _key_parts(text.strip().removeprefix(prefix))
        found = cls(name, seed)
        if found.verifier.key_id.hex() != hint:
            raise NoteError("the key's id does not belong to it")
        return found

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return sign_ed25519(self.seed, text)

    def export(self) -> str:
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{_encoded(_ED25519 + self.seed)}"

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree. `extensions` are opaque lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join([self.origin, str(self.size), _encoded(self.root), *self.extensions]) + "\n"

    @property
    def time(self) -> dt.datetime | None:
        """When it was signed, by the signer's clock; None when it does not say."""
        for line in self.extensions:
            word, _, seconds = line.partition(" ")
            if word == "time" and seconds.isdecimal() and len(seconds) < 12:
                return dt.datetime.fromtimestamp(int(seconds), dt.UTC)
        return None


def public_key_of(seed: bytes) -> bytes:
    """The Ed25519 public key (32 bytes) of a 32-byte seed, RFC 8032 section 5.1.5."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign_ed25519(seed: bytes, message: bytes) -> bytes:
    """The Ed25519 signature (64 bytes) of a message, RFC 8032 section 5.1.6."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's for this message, RFC 8032 section 5.1.7."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """The note: `text` (ends with a newline, has no empty line) and a signature line for each signer.

    Raises ValueError for a text that no reader would accept.
    """
    if not text.endswith("\n") or "\n\n" in text or text == "\n" or _has_control(text):
        raise ValueError("a note's text is lines without control characters, none of them empty")
    encoded = text.encode()
    lines = [f"\u2014 {signer.name} {_encoded(signer.verifier.key_id + signer.sign(encoded))}\n" for signer in signers]
    return text + "\n" + "".join(lines)


def open_note(note: str, verifiers: Iterable[Verifier]) -> tuple[str, list[Verifier]]:
    """The text of a note and who of `verifiers` signed it.

    Unknown signatures are passed over. Raises NoteError when a known key's signature is wrong, or nobody known
    signed.
    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed: list[Verifier] = []
    for name, key_id, signature in signatures:
        verifier = known.pop((name, key_id), None)
        if verifier is None:
            continue
        if not verifier.verify(text.encode(), signature):
            raise NoteError(f"the signature of {name}+{key_id.hex()} is wrong")
        signed.append(verifier)
    if not signed:
        raise NoteError("nobody known signed this note")
    return text, signed


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text and its signatures as (name, key id, signature), unchecked. Raises NoteError when malformed."""
    if len(note.encode()) > _LONGEST or _has_control(note):
        raise NoteError("this is no note")
    head, found, tail = note.rpartition("\n\n")
    if not found or not tail.endswith("\n"):
        raise NoteError("a note ends with signature lines after an empty line")
    lines = tail[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError("the note has too many signatures")
    return head + "\n", [_signature(line) for line in lines]


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text holds. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise NoteError("a checkpoint has a name, a size and a root, each on a line")
    origin, size, encoded, *extensions = lines
    if not size.isascii() or not size.isdecimal() or (size[0] == "0" and size != "0") or len(size) > 19:
        raise NoteError("the size of the tree is no number")
    found = _decoded(encoded)
    if len(found) != 32:
        raise NoteError("the root is not 32 bytes")
    return Checkpoint(origin, int(size), found, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    return sign_note(checkpoint.text, signers)


def open_checkpoint(note: str, verifiers: Iterable[Verifier], *, origin: str | None = None) -> Checkpoint:
    """The checkpoint of a note that one of `verifiers` signed. Raises NoteError, also for another log's."""
    text, _ = open_note(note, verifiers)
    found = parse_checkpoint(text)
    if origin is not None and found.origin != origin:
        raise NoteError(f"this is a checkpoint of {found.origin}, not of {origin}")
    return found


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _decoded(encoded)
    if dash != "\u2014" or not _is_name(name) or len(data) < 5:
        raise NoteError("a signature line is malformed")
    return name, data[:4], data[4:]


def _key_parts(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or not _is_name(parts[0]):
        raise NoteError("a key is written <name>+<id>+<base64>")
    data = _decoded(parts[2])
    if data[:1] != _ED25519 or len(data) != 33:
        raise NoteError("this is no Ed25519 key")
    return parts[0], parts[1], data[1:]


def _checked_name(name: str) -> str:
    if not _is_name(name):
        raise ValueError("a signer's name has neither spaces nor a plus")
    return name


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def _has_control(text: str) -> bool:
    return any(letter < " " and letter != "\n" for letter in text)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("this is no base64") from None
    if _encoded(data) != text:
        raise NoteError("this is no canonical base64")
    return data
