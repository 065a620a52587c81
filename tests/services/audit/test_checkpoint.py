"""Ed25519 (RFC 8032), signed notes and checkpoints (C2SP), here and in the stand-alone verifier."""

from __future__ import annotations

import datetime as dt

import pytest

from services.audit import checkpoint, standalone
from services.audit.checkpoint import Checkpoint, NoteError, Signer, Verifier

# RFC 8032 section 7.1: seed, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]
# The example of the signed-note specification's reference implementation.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.mark.parametrize(("seed", "key", "message", "signature"), VECTORS)
def test_ed25519(seed: str, key: str, message: str, signature: str):
    secret, public, text, signed = (bytes.fromhex(part) for part in (seed, key, message, signature))
    assert checkpoint.public_key_of(secret) == public
    assert checkpoint.sign_ed25519(secret, text) == signed
    for verify in (checkpoint.verify_ed25519, standalone.verify_ed25519):
        assert verify(public, text, signed)
        assert not verify(public, text + b"x", signed)
        assert not verify(public, text, signed[:-1] + bytes([signed[-1] ^ 1]))
        assert not verify(public, text, signed[:63])
        assert not verify(public[:31], text, signed)
        malleable = int.from_bytes(signed[32:], "little") + standalone.L
        assert not verify(public, text, signed[:32] + malleable.to_bytes(32, "little"))


def test_the_reference_note_opens():
    verifier = Verifier.parse(KEY)
    assert str(verifier) == KEY
    text, signed = checkpoint.open_note(NOTE, [verifier])
    assert (text.startswith("If you"), signed) == (True, [verifier])


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("answer", "Answer"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("x08go/", "x08gp/"),
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE + "\u2014 PeterNeumann x08go\n",
        NOTE.replace("If you", "If\tyou"),
    ],
)
def test_a_spoilt_note_is_refused(note: str):
    with pytest.raises(NoteError):
        checkpoint.open_note(note, [Verifier.parse(KEY)])


def test_two_keys_sign_and_either_is_enough():
    old, new = Signer.generate("kontor"), Signer.generate("kontor")
    head = Checkpoint("kontor", 7, bytes(range(32)), ("time 1764000000",))
    note = checkpoint.sign_checkpoint(head, [old, new])
    for key in (old, new):
        assert checkpoint.open_checkpoint(note, [key.verifier], origin="kontor") == head
        assert Signer.parse(key.export()) == key
        assert standalone.open_checkpoint(note, [standalone.parse_key(str(key.verifier))])[1:] == (7, head.root)
    assert head.time == dt.datetime.fromtimestamp(1764000000, dt.UTC)
    with pytest.raises(NoteError):
        checkpoint.open_checkpoint(note, [Signer.generate("kontor").verifier])
    with pytest.raises(NoteError):
        checkpoint.open_checkpoint(note, [old.verifier], origin="another")
    assert old.export()[-20:] not in repr(old)


@pytest.mark.parametrize(
    "text", ["a\n1\n", "a\n01\n" + "A" * 43 + "=\n", "a\n-1\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n", "\n1\nAAAA\n"]
)
def test_what_is_no_checkpoint_is_refused(text: str):
    with pytest.raises(NoteError):
        checkpoint.parse_checkpoint(text)


def test_a_text_that_could_be_read_otherwise_is_not_signed():
    for text in ("no newline", "a\n\nb\n", "\n", "a\tb\n"):
        with pytest.raises(ValueError, match="note's text"):
            checkpoint.sign_note(text, [Signer.generate("kontor")])
