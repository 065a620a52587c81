"""Secrets at rest: each is sealed under a key of its own, and that key under one of a few that stand outside.

A sealed value is `K1 | length and id of the outer key | nonce | wrapped inner key | nonce | ciphertext`, AES-256-GCM
both times. Changing the outer key therefore rewrites 60 bytes and never shows the secret. The context (which column
of whom) is bound into the ciphertext, so that a value copied to another row does not open there.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import fcntl
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.types import TypeDecorator

from services.core.errors import Invalid, Unavailable

_MAGIC = b"K1"
_NONCE = 12
_WRAPPED = 32 + 16
_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class Sealed(TypeDecorator[bytes]):
    """A column that holds what `Keyring.seal` gave; a rotation finds every column of this type by itself."""

    impl = LargeBinary
    cache_ok = True


class KeySource(Protocol):
    """Where the outer keys stand."""

    def load(self) -> tuple[Mapping[str, bytes], str]:
        """Every key by its id, and the id of the active one."""
        ...

    def stamp(self) -> object:
        """Changes when another key became active."""
        ...


class Keyring:
    """Seals and opens. Safe to share between threads; notices by itself when another process rotated the keys."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._keys: Mapping[str, bytes] = {}
        self._active = ""
        self._stamp: object = None

    @property
    def active(self) -> str:
        """Id of the key that new secrets are sealed with."""
        self._refresh()
        return self._active

    @property
    def ids(self) -> list[str]:
        self._refresh()
        return sorted(self._keys)

    @property
    def makes_keys(self) -> bool:
        """Whether `rotate` can make a key here."""
        return isinstance(self._source, KeyFolder)

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain` encrypted for `context`, e.g. `totp:<user id>`; the same context is needed to open it."""
        inner = AESGCM.generate_key(256)
        nonce = os.urandom(_NONCE)
        return self._wrap(inner) + nonce + AESGCM(inner).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret. Raises Unavailable when its key is missing here, or it was sealed for another context."""
        key_id, wrapped, body = _parts(sealed)
        try:
            inner = AESGCM(self._key(key_id)).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode())
            return AESGCM(inner).decrypt(body[:_NONCE], body[_NONCE:], context.encode())
        except InvalidTag:
            raise Unavailable("A stored secret cannot be opened: it was altered, or belongs elsewhere.") from None

    def rewrap(self, sealed: bytes) -> bytes:
        """The same secret under the active key, without having been decrypted."""
        key_id, wrapped, body = _parts(sealed)
        try:
            inner = AESGCM(self._key(key_id)).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode())
        except InvalidTag:
            raise Unavailable(f"A stored secret is not under the key “{key_id}” of this installation.") from None
        return self._wrap(inner) + body

    def header(self, key_id: str | None = None) -> bytes:
        """What every value sealed under a key (the active one) starts with; a query finds the others by it."""
        name = (key_id or self.active).encode()
        return _MAGIC + bytes([len(name)]) + name

    def rotate(self) -> str:
        """Makes a new key and makes it active; what is sealed stays readable. Raises Invalid for keys in settings."""
        if not isinstance(self._source, KeyFolder):
            raise Invalid("The keys stand in the settings. Add one there, make it active, and rotate again.")
        self._source.add()
        return self.active

    def retire(self, key_id: str) -> None:
        """Deletes a key for good; the caller has made sure that nothing is sealed under it."""
        if not isinstance(self._source, KeyFolder):
            raise Invalid("The keys stand in the settings; take it out there.")
        if key_id == self.active or key_id not in self.ids:
            raise Invalid(f"“{key_id}” is in use or does not exist.")
        self._source.remove(key_id)
        self._stamp = None

    def _wrap(self, inner: bytes) -> bytes:
        self._refresh()
        key_id, nonce = self._active, os.urandom(_NONCE)
        return self.header(key_id) + nonce + AESGCM(self._keys[key_id]).encrypt(nonce, inner, key_id.encode())

    def _key(self, key_id: str) -> bytes:
        self._refresh()
        if key_id not in self._keys:
            self._keys, self._active = self._source.load()
        if key_id not in self._keys:
            raise Unavailable(f"The key “{key_id}” that a stored secret needs is not here.")
        return self._keys[key_id]

    def _refresh(self) -> None:
        stamp = self._source.stamp()
        if self._stamp is None or stamp != self._stamp:
            self._keys, self._active = self._source.load()
            self._stamp = self._source.stamp()


class KeyFolder:
    """Keys in files that only the account can read: `<id>.key`, and `active` naming one. Made when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> tuple[Mapping[str, bytes], str]:
        if not (self.folder / "active").exists():
            self.add(first=True)
        keys = {path.stem: decode(path.read_text(), path.stem) for path in self.folder.glob("*.key")}
        active = (self.folder / "active").read_text().strip()
        if active not in keys:
            raise Unavailable(f"The key “{active}” is missing in {self.folder}. Bring it back from the backup.")
        return keys, active

    def stamp(self) -> object:
        try:
            return (self.folder / "active").stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def add(self, *, first: bool = False) -> None:
        """Writes a new key and points `active` at it; of processes that start at once one makes the first."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if first and (self.folder / "active").exists():
                return
            key_id = f"k{dt.datetime.now(dt.UTC):%Y%m%d}-{secrets.token_hex(3)}"
            self._publish(f"{key_id}.key", base64.b64encode(os.urandom(32)))
            self._publish("active", key_id.encode())

    def _publish(self, name: str, content: bytes) -> None:
        """Whoever reads sees the whole file or none."""
        unfinished = self.folder / f".{name}.new"
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
        unfinished.replace(self.folder / name)

    def remove(self, key_id: str) -> None:
        (self.folder / f"{key_id}.key").unlink()


class GivenKeys:
    """Keys handed in by the settings (several machines share them), 32 bytes in base64 each."""

    def __init__(self, keys: Mapping[str, str], active: str) -> None:
        self._keys = {key_id: decode(text, key_id) for key_id, text in keys.items()}
        self._active = active
        if active not in self._keys or not all(_ID.fullmatch(key_id) for key_id in keys):
            raise Invalid("KONTOR_KEYRING__ACTIVE has to name one of KONTOR_KEYRING__KEYS.")

    def load(self) -> tuple[Mapping[str, bytes], str]:
        return self._keys, self._active

    def stamp(self) -> object:
        return self._active


def decode(text: str, key_id: str) -> bytes:
    """A key from its base64. Raises Invalid when it is not 32 bytes long; the text itself is never repeated."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise Invalid(f"The key “{key_id}” is not 32 bytes in base64.")
    return key


def _parts(sealed: bytes) -> tuple[str, bytes, bytes]:
    """Key id, wrapped inner key with its nonce, and the ciphertext with its."""
    start = 3 + sealed[2] if sealed[:2] == _MAGIC and len(sealed) > 3 else 0
    if not start or len(sealed) < start + _NONCE + _WRAPPED + _NONCE + 16:
        raise Unavailable("A stored secret is not in a form this version knows.")
    return sealed[3:start].decode(), sealed[start : start + _NONCE + _WRAPPED], sealed[start + _NONCE + _WRAPPED :]
