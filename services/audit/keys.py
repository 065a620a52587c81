"""The keys that sign checkpoints: files outside the database, with ids and an overlap when they change.

A folder holds for each key `<id>.key` (private, mode 0600) and `<id>.pub` (kept for ever: old checkpoints need it),
and `last_checkpoint.txt`, the signer's own memory of what it signed last.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from services.audit.checkpoint import NoteError, Signer, Verifier
from services.core.errors import Conflict, Invalid, NotFound, Unavailable
from services.core.ids import new_id

OVERLAP = dt.timedelta(days=7)


class KeyState(StrEnum):
    SIGNS = "signs"
    OVERLAPS = "overlaps"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. It signs from `created_at` until `signs_until`, without end while that is None."""

    signer: Signer
    created_at: dt.datetime
    signs_until: dt.datetime | None = None

    @property
    def id(self) -> str:
        return self.signer.verifier.key_id.hex()

    def state(self, now: dt.datetime) -> KeyState:
        if self.signs_until is None:
            return KeyState.SIGNS
        return KeyState.OVERLAPS if now < self.signs_until else KeyState.RETIRED


class KeyStore:
    """The keys in one folder. All carry the log's name, which the first one gives it for good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def known(self) -> list[SigningKey]:
        """Private keys that are here, oldest first. Raises Unavailable for a file that cannot be used."""
        found = [self._read(path) for path in sorted(self.folder.glob("*.key"))]
        return sorted(found, key=lambda key: key.created_at)

    def signers(self, now: dt.datetime) -> list[Signer]:
        """Who signs now: the newest key, and older ones within their overlap."""
        return [key.signer for key in self.known() if key.state(now) is not KeyState.RETIRED]

    def verifiers(self) -> list[Verifier]:
        """Every public key that is here, those of retired keys included."""
        try:
            return [Verifier.parse(path.read_text()) for path in sorted(self.folder.glob("*.pub"))]
        except (OSError, NoteError) as error:
            raise Unavailable(f"A public key in {self.folder} cannot be read: {error}.") from error

    @property
    def origin(self) -> str:
        """The log's name, as checkpoints carry it. Raises Unavailable without a key."""
        known = self.verifiers()
        if not known:
            raise Unavailable(f"There is no key in {self.folder}; `kontor audit keys rotate` makes one.")
        return known[0].name

    def create(self, now: dt.datetime, *, overlap: dt.timedelta = OVERLAP) -> SigningKey:
        """A new key; those that sign go on beside it for `overlap`, so that readers can learn of it in time."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = [key for key in self.known() if key.signs_until is None]
        name = before[-1].signer.name if before else f"kontor-audit-{new_id().hex[-12:]}"
        made = SigningKey(Signer.generate(name), now)
        self._write(made)
        for key in before:
            self._write(replace(key, signs_until=now + overlap))
        return made

    def retire(self, key_id: str, now: dt.datetime) -> SigningKey:
        """Ends a key's signing at once. Raises NotFound, and Conflict when no other key would sign."""
        keys = {key.id: key for key in self.known()}
        if key_id not in keys:
            raise NotFound(f"There is no key {key_id} in {self.folder}.")
        if not [key for key in keys.values() if key.id != key_id and key.state(now) is KeyState.SIGNS]:
            raise Conflict("No other key would sign. Make one first: kontor audit keys rotate")
        ended = replace(keys[key_id], signs_until=now)
        self._write(ended)
        return ended

    def last_note(self) -> str | None:
        """The checkpoint that was signed last here; what the database may have lost since, this still knows."""
        try:
            return (self.folder / "last_checkpoint.txt").read_text()
        except FileNotFoundError:
            return None

    def remember(self, note: str) -> None:
        write_whole(self.folder / "last_checkpoint.txt", note)

    def _read(self, path: Path) -> SigningKey:
        try:
            told = json.loads(path.read_text())
            until = told["signs_until"]
            return SigningKey(
                Signer.parse(told["signer"]),
                dt.datetime.fromisoformat(told["created_at"]),
                dt.datetime.fromisoformat(until) if until else None,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"The key {path} cannot be used; put it back from its copy.") from error

    def _write(self, key: SigningKey) -> None:
        until = key.signs_until.isoformat() if key.signs_until else None
        told = {"signer": key.signer.export(), "created_at": key.created_at.isoformat(), "signs_until": until}
        write_whole(self.folder / f"{key.id}.key", json.dumps(told), mode=0o600)
        write_whole(self.folder / f"{key.id}.pub", f"{key.signer.verifier}\n")


def parse_verifiers(lines: str) -> list[Verifier]:
    """Public keys, one a line. Raises Invalid for something else."""
    try:
        return [Verifier.parse(line) for line in lines.splitlines() if line.strip()]
    except NoteError as error:
        raise Invalid(f"This is no public key of a log: {error}.") from error


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replaces a file in one go: a reader sees the old or the new one, also after a crash."""
    fresh = path.with_name(f".{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
