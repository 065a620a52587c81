"""RFC 6962: known roots and proofs, and every proof of small trees."""

from __future__ import annotations

import hashlib

import pytest

from services.audit.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The test tree of the certificate-transparency reference implementation.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(entry) for entry in ENTRIES]


def test_known_roots():
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT == root([])
    assert [root(HASHES[:size]).hex() for size in range(1, 9)] == ROOTS


def test_known_proofs():
    assert [step.hex() for step in inclusion_proof(HASHES, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [step.hex() for step in consistency_proof(HASHES, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", range(1, 34))
def test_every_proof_of_a_small_tree_holds_and_no_other_does(size: int):
    hashes = [leaf_hash(bytes([n])) for n in range(size)]
    whole = root(hashes)
    for index in range(size):
        proof = inclusion_proof(hashes, index)
        assert verify_inclusion(hashes[index], index, size, proof, whole)
        assert not verify_inclusion(hashes[index], (index + 1) % size, size, proof, whole) or size == 1
        assert not verify_inclusion(hashes[index], index, size, [*proof, whole], whole)
        assert not verify_inclusion(hashes[index], index, size, proof[:-1], whole) or not proof
    for first in range(size + 1):
        proof = consistency_proof(hashes, first)
        old = root(hashes[:first])
        assert verify_consistency(first, size, old, whole, proof)
        if 0 < first < size:
            assert not verify_consistency(first, size, whole, whole, proof)
            assert not verify_consistency(first, size, old, old, proof)
            assert not verify_consistency(first, size, old, whole, proof[:-1])
            assert not verify_consistency(first, size, old, whole, [*proof, whole])


def test_sizes_that_make_no_sense_are_refused():
    assert not verify_inclusion(HASHES[0], 0, 0, [], EMPTY_ROOT)
    assert not verify_consistency(2, 1, HASHES[0], HASHES[0], [])
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(HASHES, 8)
    with pytest.raises(ValueError, match="does not contain"):
        consistency_proof(HASHES, 9)
    assert node_hash(HASHES[0], HASHES[1]).hex() == ROOTS[1]
