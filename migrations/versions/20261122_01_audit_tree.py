"""The audit log becomes tamper-evident: a role that may only add, a Merkle tree, personal data apart.

Entries written before are brought into the second format while no checkpoint attests to them yet: their bytes hold
a salted commitment in place of names, addresses and free text, which move beside them and can be erased.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_01_audit_tree"
down_revision = "20261121_09_dunning"
branch_labels = None
depends_on = None

_ROLE = "kontor_app"
_APPEND_ONLY = ("audit_entry", "audit_leaf", "audit_node", "audit_checkpoint", "audit_verification")
_TABLE_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN"
_BY_ACTOR = "ix_audit_entry_actor_id_recorded_at"
_MOVED = ("actor_name", "on_behalf_of", "address", "reason")
_PERSONAL = frozenset(
    {"address", "body", "comment", "device", "display_name", "email", "iban", "note", "phone", "text", "user_agent"}
)
_KEPT = ("action", "actor_kind", "outcome", "request_id", "subject_id", "subject_type")
_IDS = ("id", "actor_id", "session_id", "entity_id")
_TIME = sa.TIMESTAMP(timezone=True)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def upgrade() -> None:
    _make_role()
    _rights()
    _create_tables()
    _divide_entries()
    _guard()


def downgrade() -> None:
    """The role stays: other databases of the server may use it."""
    op.execute("DROP FUNCTION audit_erase_personal(uuid[], uuid)")
    op.execute("DROP VIEW audit_reading")
    _unite_entries()
    for table in ("saved_view", "search", "verification", "sink", "checkpoint", "node", "leaf", "personal"):
        op.drop_table(f"audit_{table}")
    op.execute("DROP FUNCTION audit_personal_is_only_erased()")
    op.execute("DROP FUNCTION audit_is_append_only()")
    for objects in ("TABLES", "SEQUENCES"):
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {objects} FROM {_ROLE}")
        op.execute(f"REVOKE ALL ON ALL {objects} IN SCHEMA public FROM {_ROLE}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {_ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {_ROLE}")


def _make_role() -> None:
    """Roles belong to the whole server, so it may be there; on a server it is a group whose members log in."""
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": _ROLE}):
        return
    if not bind.scalar(sa.text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")):
        raise RuntimeError(f"Have an administrator of the server run once: CREATE ROLE {_ROLE} NOLOGIN")
    op.execute(f"CREATE ROLE {_ROLE} NOLOGIN")


def _rights() -> None:
    for rights, objects in ((_TABLE_RIGHTS, "TABLES"), ("SELECT, USAGE, UPDATE", "SEQUENCES")):
        op.execute(f"GRANT {rights} ON ALL {objects} IN SCHEMA public TO {_ROLE}")
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {objects} TO {_ROLE}")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {_ROLE}")
    op.execute(f"REVOKE ALL ON alembic_version FROM {_ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {_ROLE}")


def _create_tables() -> None:
    big, small, uid, blob, text = sa.BigInteger(), sa.SmallInteger(), sa.UUID(), sa.LargeBinary(), sa.String()
    op.create_table(
        "audit_personal",
        sa.Column("entry_id", uid, primary_key=True),
        sa.Column("salt", blob),
        sa.Column("data", blob),
        sa.Column("erased_by", uid),
        sa.CheckConstraint(
            "(data IS NULL) = (salt IS NULL) AND (data IS NULL) = (erased_by IS NOT NULL)",
            name="ck_audit_personal_kept_or_erased",
        ),
    )
    op.create_table(
        "audit_leaf",
        sa.Column("index", big, primary_key=True, autoincrement=False),
        sa.Column("entry_id", uid, nullable=False),
        sa.Column("hash", blob, nullable=False),
        sa.UniqueConstraint("entry_id", name="uq_audit_leaf_entry_id"),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", small, primary_key=True, autoincrement=False),
        sa.Column("index", big, primary_key=True, autoincrement=False),
        sa.Column("hash", blob, nullable=False),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", big, sa.Identity(), primary_key=True),
        sa.Column("size", big, nullable=False),
        sa.Column("root", blob, nullable=False),
        sa.Column("signed_at", _TIME, nullable=False),
        sa.Column("note", text, nullable=False),
    )
    op.create_index("ix_audit_checkpoint_size", "audit_checkpoint", ["size"])
    op.create_table(
        "audit_sink",
        sa.Column("name", text, primary_key=True),
        sa.Column("kind", text, nullable=False),
        sa.Column("delivered", big, nullable=False),
        sa.Column("delivered_size", big),
        sa.Column("delivered_at", _TIME),
        sa.Column("failures", big, nullable=False),
        sa.Column("last_error", text),
        sa.Column("retry_at", _TIME),
    )
    op.create_table(
        "audit_verification",
        sa.Column("id", uid, primary_key=True),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=False),
        sa.Column("size", big, nullable=False),
        sa.Column("since", big, nullable=False),
        sa.Column("checkpoints", big, nullable=False),
        sa.Column("problems", big, nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("started_by", text, nullable=False),
    )
    op.create_index("ix_audit_verification_finished_at", "audit_verification", ["finished_at"])
    op.create_table(
        "audit_search",
        sa.Column("index", big, primary_key=True, autoincrement=False),
        sa.Column("entry_id", uid, nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.UniqueConstraint("entry_id", name="uq_audit_search_entry_id"),
    )
    op.create_index("ix_audit_search_document", "audit_search", ["document"], postgresql_using="gin")
    op.create_table(
        "audit_saved_view",
        sa.Column("id", uid, primary_key=True),
        sa.Column("user_id", uid, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("user_id", "name", name="uq_audit_saved_view_user_id_name"),
    )


def _divide_entries() -> None:
    op.execute("DROP TRIGGER audit_entry_row ON audit_entry")
    op.execute("DROP TRIGGER audit_entry_truncate ON audit_entry")
    op.execute("DROP FUNCTION audit_entry_is_append_only()")
    op.add_column("audit_entry", sa.Column("commitment", sa.LargeBinary()))
    op.add_column("audit_entry", sa.Column("transaction_id", sa.BigInteger(), server_default="0", nullable=False))
    _rewrite(_divided)
    op.alter_column("audit_entry", "commitment", nullable=False)
    op.execute("ALTER TABLE audit_entry ALTER COLUMN transaction_id SET DEFAULT (pg_current_xact_id()::text)::bigint")
    for column in (*_MOVED, "before", "after"):
        op.drop_column("audit_entry", column)
    op.create_index("ix_audit_entry_transaction_id", "audit_entry", ["transaction_id"], postgresql_using="brin")
    # Most entries are the console's own, of no person.
    op.drop_index(_BY_ACTOR, "audit_entry")
    of_people = sa.text("actor_id IS NOT NULL")
    op.create_index(_BY_ACTOR, "audit_entry", ["actor_id", "recorded_at"], postgresql_where=of_people)


def _unite_entries() -> None:
    for table in _APPEND_ONLY:
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    op.drop_index("ix_audit_entry_transaction_id", "audit_entry")
    op.drop_index(_BY_ACTOR, "audit_entry")
    op.create_index(_BY_ACTOR, "audit_entry", ["actor_id", "recorded_at"])
    for column in _MOVED:
        op.add_column("audit_entry", sa.Column(column, sa.String()))
    for column in ("before", "after"):
        op.add_column("audit_entry", sa.Column(column, postgresql.JSONB()))
    _rewrite(_united)
    op.alter_column("audit_entry", "actor_name", nullable=False)
    op.drop_column("audit_entry", "commitment")
    op.drop_column("audit_entry", "transaction_id")
    op.execute("DROP TRIGGER audit_entry_row ON audit_entry")
    op.execute("DROP TRIGGER audit_entry_truncate ON audit_entry")
    op.execute(
        """
        CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_entry is append-only: % refused', TG_OP; END $$
        """
    )
    for name, when in (
        ("row", "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW"),
        ("truncate", "BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT"),
    ):
        op.execute(f"CREATE TRIGGER audit_entry_{name} {when} EXECUTE FUNCTION audit_entry_is_append_only()")
        op.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_{name}")


def _rewrite(how: Any) -> None:
    """Carries every entry over, a thousand at a time."""
    bind, last = op.get_bind(), None
    while True:
        rows = bind.execute(
            sa.text(
                "SELECT e.*, p.data FROM audit_entry e LEFT JOIN audit_personal p ON p.entry_id = e.id"
                " WHERE CAST(:last AS uuid) IS NULL OR e.id > :last ORDER BY e.id LIMIT 1000"
            ),
            {"last": last},
        ).mappings()
        batch = list(rows)
        if not batch:
            return
        how(bind, batch)
        last = batch[-1]["id"]


def _divided(bind: sa.Connection, rows: list[Any]) -> None:
    personal, entries = [], []
    for row in rows:
        apart = {name: row[name] for name in _MOVED if row[name] is not None}
        public: dict[str, Any] = {}
        for side in ("before", "after"):
            public[side], hidden = _split(row[side])
            if hidden:
                apart[side] = hidden
        salt, data = os.urandom(32), _canonical(apart)
        commitment = hashlib.sha256(salt + data).digest()
        canonical = {name: row[name] for name in _KEPT} | public
        canonical |= {name: str(row[name]) if row[name] else None for name in _IDS}
        canonical |= {"format": 2, "personal": commitment.hex(), "recorded_at": _micros(row["recorded_at"])}
        personal.append({"id": row["id"], "salt": salt, "data": data})
        entries.append({"id": row["id"], "commitment": commitment, "canonical": _canonical(canonical)})
    bind.execute(sa.text("INSERT INTO audit_personal (entry_id, salt, data) VALUES (:id, :salt, :data)"), personal)
    bind.execute(
        sa.text("UPDATE audit_entry SET commitment = :commitment, canonical = :canonical WHERE id = :id"), entries
    )


def _united(bind: sa.Connection, rows: list[Any]) -> None:
    entries = []
    for row in rows:
        apart = orjson.loads(bytes(row["data"])) if row["data"] is not None else {"actor_name": "erased"}
        held = orjson.loads(bytes(row["canonical"]))
        fields = {name: apart.get(name) for name in _MOVED}
        fields |= {side: _merge(held[side], apart.get(side)) for side in ("before", "after")}
        first = {name: row[name] for name in _KEPT} | fields
        first |= {name: str(row[name]) if row[name] else None for name in _IDS}
        first["recorded_at"] = row["recorded_at"].astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        sides = {
            side: None if fields[side] is None else _canonical(fields[side]).decode() for side in ("before", "after")
        }
        entries.append(fields | sides | {"id": row["id"], "canonical": _canonical(first)})
    bind.execute(
        sa.text(
            "UPDATE audit_entry SET actor_name = :actor_name, on_behalf_of = :on_behalf_of, address = :address,"
            " reason = :reason, before = CAST(:before AS jsonb), after = CAST(:after AS jsonb),"
            " canonical = :canonical WHERE id = :id"
        ),
        entries,
    )


def _split(side: Any) -> tuple[Any, Any]:
    """The value without what is personal, and what is."""
    if not isinstance(side, dict):
        return side, None
    public, hidden = {}, {}
    for key, value in side.items():
        if key in _PERSONAL and value is not None:
            public[key], hidden[key] = {"personal": True}, value
        else:
            public[key], below = _split(value)
            if below:
                hidden[key] = below
    return public, hidden


def _merge(public: Any, hidden: Any) -> Any:
    if not isinstance(hidden, dict) or not isinstance(public, dict) or public == {"personal": True}:
        return public if hidden is None else hidden
    return public | {key: _merge(public.get(key), value) for key, value in hidden.items()}


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _micros(instant: dt.datetime) -> int:
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


def _guard() -> None:
    """Nobody changes what was written; of personal data, only the whole of an entry's can go, and it stays gone."""
    op.execute(
        """
        CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION audit_personal_is_only_erased() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.entry_id = OLD.entry_id AND OLD.data IS NOT NULL AND NEW.data IS NULL THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'audit_personal is append-only but for erasure: UPDATE refused';
        END $$
        """
    )
    for table in (*_APPEND_ONLY, "audit_personal"):
        row = "DELETE" if table == "audit_personal" else "UPDATE OR DELETE"
        _trigger(table, "row", f"BEFORE {row} ON {table} FOR EACH ROW", "audit_is_append_only")
        _trigger(table, "truncate", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", "audit_is_append_only")
        op.execute(f"REVOKE ALL ON {table} FROM {_ROLE}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {_ROLE}")
    when = "BEFORE UPDATE ON audit_personal FOR EACH ROW"
    _trigger("audit_personal", "erase", when, "audit_personal_is_only_erased")
    op.execute(
        """
        CREATE FUNCTION audit_erase_personal(entries uuid[], because uuid) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
            WITH gone AS (
                UPDATE public.audit_personal SET salt = NULL, data = NULL, erased_by = because
                WHERE entry_id = ANY (entries) AND data IS NOT NULL RETURNING entry_id
            ), forgotten AS (
                DELETE FROM public.audit_search WHERE entry_id IN (SELECT entry_id FROM gone)
            )
            SELECT count(*) FROM gone
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION audit_erase_personal(uuid[], uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION audit_erase_personal(uuid[], uuid) TO {_ROLE}")
    op.execute(
        """
        CREATE VIEW audit_reading AS
        SELECT e.id, e.recorded_at, e.action, e.outcome, e.actor_kind, e.actor_id, e.entity_id, e.subject_type,
            e.subject_id, e.session_id, e.request_id, l.index AS leaf, c.body -> 'before' AS before,
            c.body -> 'after' AS after,
            d.body ->> 'actor_name' AS actor_name, d.body ->> 'on_behalf_of' AS on_behalf_of,
            d.body ->> 'address' AS address, d.body ->> 'reason' AS reason, d.body AS personal
        FROM audit_entry e
        LEFT JOIN audit_leaf l ON l.entry_id = e.id
        LEFT JOIN audit_personal p ON p.entry_id = e.id
        CROSS JOIN LATERAL (SELECT convert_from(e.canonical, 'UTF8')::jsonb AS body) c
        CROSS JOIN LATERAL (SELECT convert_from(p.data, 'UTF8')::jsonb AS body) d
        """
    )
    op.execute(f"REVOKE ALL ON audit_reading FROM {_ROLE}")
    op.execute(f"GRANT SELECT ON audit_reading TO {_ROLE}")


def _trigger(table: str, name: str, when: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_{name} {when} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
