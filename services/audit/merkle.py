"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: roots, inclusion and consistency proofs, and their checks.

Pure functions. Leaves are given as leaf hashes, `leaf_hash(entry)`; a proof is a list of 32-byte hashes, in the
order of the RFC. A tree that lies in a database is read through a `RangeHash`: the hash of the leaves [start, end).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

RangeHash = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """MTH(D[n]) of a list of leaf hashes; of none, SHA-256 of nothing."""
    return _hash_of(hashes)(0, len(hashes)) if hashes else EMPTY_ROOT


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, D[n]) for the leaf at `index` of a list of leaf hashes."""
    return inclusion_path(index, len(hashes), _hash_of(hashes))


def consistency_proof(hashes: Sequence[bytes], first: int) -> list[bytes]:
    """PROOF(first, D[n]): that the tree of the first `first` leaves is the beginning of the whole one."""
    return consistency_path(first, len(hashes), _hash_of(hashes))


def inclusion_path(index: int, size: int, hash_of: RangeHash) -> list[bytes]:
    """PATH(index, D[size]) of a tree that is read by ranges. Raises ValueError for a leaf outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(hash_of(middle, end))
            end = middle
        else:
            path.append(hash_of(start, middle))
            start = middle
    return path[::-1]


def consistency_path(first: int, second: int, hash_of: RangeHash) -> list[bytes]:
    """PROOF(first, D[second]). Empty where one size is the other or nothing. Raises ValueError if first > second."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} does not contain one of {first}")
    if first in (0, second):
        return []
    path, start, end = [], 0, second
    whole = True  # the old tree is still a complete subtree of its own
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(hash_of(middle, end))
            end = middle
        else:
            path.append(hash_of(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(hash_of(start, end))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2). Raises ValueError for a proof of wrong length."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether the leaf hash stands at `index` of the tree of `size` leaves with this root."""
    try:
        return root_from_inclusion(leaf, index, size, proof) == root_hash
    except ValueError:
        return False


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves begins with that of `first` (RFC 9162, 2.1.4.2).

    Everything begins with the empty tree, whose proof is empty and whose root says nothing.
    """
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def perfect_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """The (level, number) of the complete subtrees that make up a range of the RFC's recursion, left to right.

    `start` is a multiple of the greatest power of two not above the range's length, as it always is there.
    """
    parts, at = [], start
    while at < end:
        level = (end - at).bit_length() - 1
        parts.append((level, at >> level))
        at += 1 << level
    return parts


def fold(parts: Sequence[bytes]) -> bytes:
    """The hash over complete subtrees as `perfect_subtrees` lists them: from the right, two by two."""
    found = parts[-1]
    for left in reversed(parts[:-1]):
        found = node_hash(left, found)
    return found


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^k hashes, level by level."""
    sha256 = hashlib.sha256
    level = hashes
    while len(level) > 1:
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return level[0]


def _hash_of(hashes: Sequence[bytes]) -> RangeHash:
    def hash_of(start: int, end: int) -> bytes:
        parts = perfect_subtrees(start, end)
        return fold([perfect_root(hashes[number << level : (number + 1) << level]) for level, number in parts])

    return hash_of


def _split(size: int) -> int:
    """The greatest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
