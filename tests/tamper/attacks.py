"""What a superuser may try. Each works as carefully as it can: where hashes would betray it, it computes them anew."""

from __future__ import annotations

import datetime as dt
import hashlib
import random

import orjson

from services.audit import merkle
from services.audit.checkpoint import Checkpoint, Signer, sign_checkpoint
from services.audit.tree import STEP
from services.core.ids import new_id
from tests.tamper.ground import Attack, Superuser


def _victim(su: Superuser, chance: random.Random) -> tuple[int, str]:
    leaf = chance.randrange(su.size)
    return leaf, su.run("SELECT entry_id FROM audit_leaf WHERE index = %s", leaf)[0][0]


def _rebuild(su: Superuser) -> bytes:
    """Leaf hashes, nodes and numbers anew, as if nothing had happened; returns the root."""
    su.run(
        "UPDATE audit_leaf l SET hash = sha256('\\x00'::bytea || e.canonical) FROM audit_entry e WHERE e.id = entry_id"
    )
    su.run("UPDATE audit_leaf SET index = -index - 1")
    su.run(
        "UPDATE audit_leaf l SET index = n.place FROM (SELECT entry_id,"
        " row_number() OVER (ORDER BY index DESC) - 1 AS place FROM audit_leaf) n WHERE n.entry_id = l.entry_id"
    )
    hashes = [bytes(row[0]) for row in su.run("SELECT hash FROM audit_leaf ORDER BY index")]
    su.run("DELETE FROM audit_node")
    for number in range(len(hashes) >> STEP):
        node = merkle.perfect_root(hashes[number << STEP : (number + 1) << STEP])
        su.run("INSERT INTO audit_node VALUES (%s, %s, %s)", STEP, number, node)
    return merkle.root(hashes)


def _rewrite(su: Superuser, entry_id: str, **changes: object) -> None:
    (held,) = su.run("SELECT canonical FROM audit_entry WHERE id = %s", entry_id)[0]
    fields = orjson.loads(bytes(held)) | changes
    canonical = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    su.run("UPDATE audit_entry SET canonical = %s WHERE id = %s", canonical, entry_id)


def edit_one_byte(su: Superuser, chance: random.Random) -> None:
    _, entry_id = _victim(su, chance)
    su.run("UPDATE audit_entry SET canonical = set_byte(canonical, 40, 35) WHERE id = %s", entry_id)


def edit_one_byte_into_no_text(su: Superuser, chance: random.Random) -> None:
    _, entry_id = _victim(su, chance)
    su.run("UPDATE audit_entry SET canonical = set_byte(canonical, 40, 255) WHERE id = %s", entry_id)


def edit_a_hash_into_a_shorter_one(su: Superuser, chance: random.Random) -> None:
    leaf, _ = _victim(su, chance)
    su.run("UPDATE audit_leaf SET hash = substr(hash, 1, 31) WHERE index = %s", leaf)


def edit_an_amount(su: Superuser, chance: random.Random) -> None:
    _rewrite(su, _victim(su, chance)[1], after={"amount_minor": 1})


def edit_an_amount_and_its_hashes(su: Superuser, chance: random.Random) -> None:
    _rewrite(su, _victim(su, chance)[1], after={"amount_minor": 1})
    _rebuild(su)


def edit_a_leaf_hash(su: Superuser, chance: random.Random) -> None:
    leaf, _ = _victim(su, chance)
    su.run("UPDATE audit_leaf SET hash = sha256('x') WHERE index = %s", leaf)


def _edit_column(name: str, value: str) -> Attack:
    def attack(su: Superuser, chance: random.Random) -> None:
        su.run(f"UPDATE audit_entry SET {name} = {value} WHERE id = %s", _victim(su, chance)[1])

    attack.__name__ = f"edit_column_{name}"
    return attack


def edit_the_actors_name(su: Superuser, chance: random.Random) -> None:
    data = orjson.dumps({"actor_name": "somebody else"})
    su.run("UPDATE audit_personal SET data = %s WHERE entry_id = %s", data, _victim(su, chance)[1])


def edit_the_actors_name_and_its_commitment(su: Superuser, chance: random.Random) -> None:
    _, entry_id = _victim(su, chance)
    data, salt = orjson.dumps({"actor_name": "somebody else"}), bytes(32)
    su.run("UPDATE audit_personal SET data = %s, salt = %s WHERE entry_id = %s", data, salt, entry_id)
    su.run("UPDATE audit_entry SET commitment = %s WHERE id = %s", hashlib.sha256(salt + data).digest(), entry_id)


def take_the_personal_part_away(su: Superuser, chance: random.Random) -> None:
    su.run("DELETE FROM audit_personal WHERE entry_id = %s", _victim(su, chance)[1])


def erase_without_a_word(su: Superuser, chance: random.Random) -> None:
    _, entry_id = _victim(su, chance)
    su.run("UPDATE audit_personal SET data = NULL, salt = NULL, erased_by = %s WHERE entry_id = %s", entry_id, entry_id)


def delete_an_entry(su: Superuser, chance: random.Random) -> None:
    su.run("DELETE FROM audit_entry WHERE id = %s", _victim(su, chance)[1])


def delete_an_entry_and_its_leaf(su: Superuser, chance: random.Random) -> None:
    _, entry_id = _victim(su, chance)
    su.run("DELETE FROM audit_entry WHERE id = %s", entry_id)
    su.run("DELETE FROM audit_leaf WHERE entry_id = %s", entry_id)


def delete_an_entry_and_close_the_gap(su: Superuser, chance: random.Random) -> None:
    delete_an_entry_and_its_leaf(su, chance)
    _rebuild(su)


def _forged(su: Superuser, chance: random.Random, when: dt.timedelta) -> str:
    """A copy of an entry under a new id, with everything in it matching, at another time."""
    _, model = _victim(su, chance)
    made = str(new_id())
    columns = "action, actor_kind, actor_id, session_id, request_id, entity_id, subject_type, subject_id, outcome"
    su.run(
        f"INSERT INTO audit_entry (id, recorded_at, {columns}, canonical, commitment)"
        f" SELECT %s, recorded_at + %s, {columns}, canonical, commitment FROM audit_entry WHERE id = %s",
        made, when, model,
    )  # fmt: skip
    su.run("INSERT INTO audit_personal SELECT %s, salt, data FROM audit_personal WHERE entry_id = %s", made, model)
    micros = su.run("SELECT (extract(epoch FROM recorded_at) * 1000000)::bigint FROM audit_entry WHERE id = %s", made)
    _rewrite(su, made, id=made, recorded_at=micros[0][0])
    return made


def insert_without_a_leaf(su: Superuser, chance: random.Random) -> None:
    _forged(su, chance, dt.timedelta(minutes=-30))


def insert_in_the_middle(su: Superuser, chance: random.Random) -> None:
    made = _forged(su, chance, dt.timedelta(0))
    place = chance.randrange(su.size)
    su.run("UPDATE audit_leaf SET index = -index - 1 WHERE index >= %s", place)
    su.run("UPDATE audit_leaf SET index = -index WHERE index < 0")
    su.run("INSERT INTO audit_leaf VALUES (%s, %s, '')", place, made)
    _rebuild(su)


def insert_backdated_at_the_end(su: Superuser, chance: random.Random) -> None:
    made = _forged(su, chance, dt.timedelta(days=-3))
    su.run("INSERT INTO audit_leaf VALUES (%s, %s, '')", su.size, made)
    _rebuild(su)


def reorder_two_leaves(su: Superuser, chance: random.Random) -> None:
    first, second = sorted(chance.sample(range(su.size), 2))
    su.run("UPDATE audit_leaf SET index = -1 WHERE index = %s", first)
    su.run("UPDATE audit_leaf SET index = %s WHERE index = %s", first, second)
    su.run("UPDATE audit_leaf SET index = %s WHERE index = -1", second)


def reorder_and_compute_anew(su: Superuser, chance: random.Random) -> None:
    reorder_two_leaves(su, chance)
    _rebuild(su)


def swap_the_contents_of_two_entries(su: Superuser, chance: random.Random) -> None:
    (_, one), (_, two) = _victim(su, chance), _victim(su, chance)
    while one == two:
        _, two = _victim(su, chance)
    su.run(
        "UPDATE audit_entry e SET canonical = o.canonical FROM audit_entry o"
        " WHERE (e.id, o.id) IN ((%s, %s), (%s, %s))",
        one, two, two, one,
    )  # fmt: skip


def truncate_the_tail(su: Superuser, chance: random.Random) -> None:
    keep = su.size - chance.randint(1, su.size // 3)
    su.run("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)", keep)
    su.run("DELETE FROM audit_personal WHERE entry_id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)", keep)
    su.run("DELETE FROM audit_leaf WHERE index >= %s", keep)
    su.run("DELETE FROM audit_checkpoint WHERE size > %s", keep)
    _rebuild(su)


def truncate_everything(su: Superuser, chance: random.Random) -> None:
    for table in ("entry", "personal", "leaf", "node", "checkpoint"):
        su.run(f"DELETE FROM audit_{table}")


def _everything_anew(su: Superuser) -> bytes:
    for (entry_id,) in su.run("SELECT id FROM audit_entry"):
        _rewrite(su, entry_id, after={"amount_minor": 1})
    return _rebuild(su)


def rewrite_everything_and_drop_the_checkpoints(su: Superuser, chance: random.Random) -> None:
    _everything_anew(su)
    su.run("DELETE FROM audit_checkpoint")


def rewrite_everything_and_sign_with_another_key(su: Superuser, chance: random.Random) -> None:
    root = _everything_anew(su)
    (note,) = su.run("SELECT note FROM audit_checkpoint ORDER BY number DESC LIMIT 1")[0]
    head = Checkpoint(note.split("\n")[0], su.size, root)
    su.run("DELETE FROM audit_checkpoint")
    forged = sign_checkpoint(head, [Signer.generate(head.origin)])
    su.run(
        "INSERT INTO audit_checkpoint (size, root, signed_at, note) VALUES (%s, %s, now(), %s)", su.size, root, forged
    )


def rewrite_everything_and_the_roots_in_the_notes(su: Superuser, chance: random.Random) -> None:
    root = _everything_anew(su)
    for number, note in su.run("SELECT number, note FROM audit_checkpoint"):
        origin, size, _, *rest = note.split("\n")
        head = Checkpoint(origin, int(size), root)
        forged = "\n".join([*head.text.rstrip("\n").split("\n"), *rest])
        su.run("UPDATE audit_checkpoint SET root = %s, note = %s WHERE number = %s", root, forged, number)


def rewrite_and_go_on(su: Superuser, chance: random.Random) -> None:
    """The log grows on after the change, so that the exported checkpoint lies in the middle of it."""
    edit_an_amount_and_its_hashes(su, chance)
    for extra in range(5):
        made = _forged(su, chance, dt.timedelta(0))
        su.run("INSERT INTO audit_leaf VALUES (%s, %s, '')", su.size + extra, made)
    _rebuild(su)
    su.run("DELETE FROM audit_checkpoint")


_COLUMNS = {
    "action": "'payments.payment.captured'",
    "actor_kind": "'user'",
    "actor_id": "gen_random_uuid()",
    "session_id": "gen_random_uuid()",
    "request_id": "'another'",
    "entity_id": "gen_random_uuid()",
    "subject_type": "'invoice'",
    "subject_id": "subject_id || '0'",
    "outcome": "'refused'",
    "recorded_at": "recorded_at + interval '1 second'",
    "commitment": "sha256('x')",
}

ATTACKS: list[Attack] = [
    edit_one_byte,
    edit_one_byte_into_no_text,
    edit_a_hash_into_a_shorter_one,
    edit_an_amount,
    edit_an_amount_and_its_hashes,
    edit_a_leaf_hash,
    *(_edit_column(name, value) for name, value in _COLUMNS.items()),
    *(_edit_column("recorded_at", f"'{value}'") for value in ("infinity", "-infinity", "294276-12-31")),
    *(_edit_column("subject_id", f"subject_id || '{value}'") for value in ('"', "\\", "\n", "\u00e9")),
    edit_the_actors_name,
    edit_the_actors_name_and_its_commitment,
    take_the_personal_part_away,
    erase_without_a_word,
    delete_an_entry,
    delete_an_entry_and_its_leaf,
    delete_an_entry_and_close_the_gap,
    insert_without_a_leaf,
    insert_in_the_middle,
    insert_backdated_at_the_end,
    reorder_two_leaves,
    reorder_and_compute_anew,
    swap_the_contents_of_two_entries,
    truncate_the_tail,
    truncate_everything,
    rewrite_everything_and_drop_the_checkpoints,
    rewrite_everything_and_sign_with_another_key,
    rewrite_everything_and_the_roots_in_the_notes,
    rewrite_and_go_on,
]
