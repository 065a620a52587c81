"""Requests, votes and policies of four eyes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_04_approvals"
down_revision = "20261122_03_identity"
branch_labels = None
depends_on = None

TABLES = (
    "approval_request",
    "approval_seat",
    "approval_delegation",
    "approval_vote",
    "approval_consumption",
    "approval_policy",
)
# What was decided is never taken back or rewritten, whatever a program of ours does.
_ONLY_ADDED_TO = ("approval_seat", "approval_vote", "approval_consumption", "approval_policy")
# Of these only what moves may be written again: the state of a request, the end of a delegation.
_MOVES = {
    "approval_request": "title, state, reminded_at, ended_at, ended_by_name, ended_reason, superseded_by",
    "approval_delegation": "revoked_at, revoked_by_name",
}
_APPLICATION = "kontor_app"
_BOUND = ["request_id", "digest", "requested_by", "seats", "expires_at"]
_TEAMS = "team IN ('finance', 'ops', 'dev')"
_OPEN = "state IN ('pending', 'approved')"


def upgrade() -> None:
    _requests()
    _seats_and_delegations()
    _votes()
    _consumptions_and_policies()
    op.create_foreign_key(
        "fk_approval_request_proven_by",
        "approval_request",
        "approval_vote",
        ["id", "proven_by"],
        ["request_id", "ordinal"],
    )
    op.create_foreign_key(
        "fk_approval_request_used_by", "approval_request", "approval_consumption", ["used_by"], ["request_id"]
    )
    for table in _ONLY_ADDED_TO:
        op.execute(f"REVOKE ALL ON {table} FROM {_APPLICATION}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {_APPLICATION}")
    for table, moving in _MOVES.items():
        op.execute(f"REVOKE ALL ON {table} FROM {_APPLICATION}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ({moving}) ON {table} TO {_APPLICATION}")


def downgrade() -> None:
    op.drop_constraint("fk_approval_request_proven_by", "approval_request")
    op.drop_constraint("fk_approval_request_used_by", "approval_request")
    for table in reversed(TABLES):
        op.drop_table(table)


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[object]:
    default = sa.func.now() if now else None
    return sa.Column(name, postgresql.TIMESTAMP(timezone=True), server_default=default, nullable=nullable)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _requests() -> None:
    table = "approval_request"
    nobody = "NULLIF(requested_by, '00000000-0000-0000-0000-000000000000'::uuid)"
    proven = "CASE WHEN state IN ('approved', 'consumed') THEN seats END"
    op.create_table(
        table,
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("affected_rows", sa.BigInteger(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_by_name", sa.String(), nullable=False),
        sa.Column("requester_account", sa.UUID(), sa.Computed(nobody, persisted=True), nullable=True),
        _moment("requested_at", now=True),
        sa.Column("state", sa.String(), server_default="pending", nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("tier", postgresql.JSONB(), nullable=False),
        _moment("expires_at"),
        _moment("reminded_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.Column("ended_by_name", sa.String(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.Column("superseded_by", sa.UUID(), nullable=True),
        sa.Column("proven_by", sa.BigInteger(), sa.Computed(proven, persisted=True), nullable=True),
        sa.Column(
            "used_by", sa.UUID(), sa.Computed("CASE WHEN state = 'consumed' THEN id END", persisted=True), nullable=True
        ),
        _check(
            table,
            "state_known",
            "state IN ('pending', 'approved', 'consumed', 'rejected', 'withdrawn', 'expired', 'superseded')",
        ),
        _check(table, "digest_form", "digest ~ '^[0-9a-f]{64}$'"),
        _check(table, "seats_needed", "seats >= 1"),
        _check(table, "amount_has_currency", "(amount_minor IS NULL) = (currency IS NULL)"),
        _check(table, "ended_has_time", f"({_OPEN}) = (ended_at IS NULL)"),
        sa.ForeignKeyConstraint(
            ["requester_account"], ["user_account.id"], name=op.f("fk_approval_request_requester_account_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_approval_request_entity_id_legal_entity")
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["approval_request.id"],
            name=op.f("fk_approval_request_superseded_by_approval_request"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
        sa.UniqueConstraint("number", name=op.f("uq_approval_request_number")),
        sa.UniqueConstraint("id", *_BOUND[1:], name=op.f("uq_approval_request_bound")),
        sa.UniqueConstraint("id", "seats", name=op.f("uq_approval_request_seats")),
    )
    op.create_index(
        "uq_approval_request_open",
        table,
        ["kind", "subject_type", "subject_id"],
        unique=True,
        postgresql_where=sa.text(_OPEN),
    )
    op.create_index("ix_approval_request_state_id", table, ["state", "id"])
    op.create_index("ix_approval_request_requested_by_id", table, ["requested_by", "id"])
    op.create_index("ix_approval_request_due", table, ["expires_at"], postgresql_where=sa.text(_OPEN))


def _seats_and_delegations() -> None:
    op.create_table(
        "approval_seat",
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("seat", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        _check("approval_seat", "team_known", _TEAMS),
        _check("approval_seat", "seat_is_needed", "seat BETWEEN 1 AND seats"),
        sa.ForeignKeyConstraint(
            ["request_id", "seats"],
            ["approval_request.id", "approval_request.seats"],
            name=op.f("fk_approval_seat_request"),
        ),
        sa.PrimaryKeyConstraint("request_id", "seat", name=op.f("pk_approval_seat")),
        sa.UniqueConstraint("request_id", "seat", "team", name=op.f("uq_approval_seat_request_id_seat_team")),
    )
    table = "approval_delegation"
    op.create_table(
        table,
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("from_id", sa.UUID(), nullable=False),
        sa.Column("from_name", sa.String(), nullable=False),
        sa.Column("to_id", sa.UUID(), nullable=False),
        sa.Column("to_name", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        _moment("created_at", now=True),
        _moment("revoked_at", nullable=True),
        sa.Column("revoked_by_name", sa.String(), nullable=True),
        _check(table, "two_people", "from_id <> to_id"),
        _check(table, "ends_after_start", "ends_on >= starts_on"),
        sa.ForeignKeyConstraint(
            ["from_id"], ["user_account.id"], name=op.f("fk_approval_delegation_from_id_user_account")
        ),
        sa.ForeignKeyConstraint(["to_id"], ["user_account.id"], name=op.f("fk_approval_delegation_to_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_delegation")),
        sa.UniqueConstraint("id", "from_id", "to_id", name=op.f("uq_approval_delegation_people")),
    )
    op.create_index("ix_approval_delegation_to_id_ends_on", table, ["to_id", "ends_on"])
    op.create_index("ix_approval_delegation_from_id_ends_on", table, ["from_id", "ends_on"])


def _votes() -> None:
    table = "approval_vote"
    op.create_table(
        table,
        sa.Column("id", sa.UUID(), nullable=False),
        *_bound_columns(),
        sa.Column("voter_id", sa.UUID(), nullable=False),
        sa.Column("voter_name", sa.String(), nullable=False),
        sa.Column("represented_id", sa.UUID(), nullable=False),
        sa.Column("represented_name", sa.String(), nullable=False),
        sa.Column("delegation_id", sa.UUID(), nullable=True),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("seat", sa.BigInteger(), nullable=True),
        sa.Column("ordinal", sa.BigInteger(), nullable=True),
        sa.Column("previous", sa.BigInteger(), sa.Computed("NULLIF(ordinal - 1, 0)", persisted=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        _moment("cast_at"),
        _check(table, "not_own_request", "voter_id <> requested_by"),
        _check(table, "not_for_requester", "represented_id <> requested_by"),
        _check(table, "delegated_or_own", "(voter_id = represented_id) = (delegation_id IS NULL)"),
        _check(table, "in_time", "cast_at < expires_at"),
        _check(
            table,
            "agreement_sits",
            "(decision = 'approve') = (seat IS NOT NULL) AND (seat IS NULL) = (ordinal IS NULL)",
        ),
        _check(table, "ordinal_in_seats", "ordinal BETWEEN 1 AND seats"),
        _check(
            table, "rejection_has_reason", "decision = 'approve' OR (reason IS NOT NULL AND length(btrim(reason)) >= 8)"
        ),
        _check(table, "decision_known", "decision IN ('approve', 'reject')"),
        _check(table, "team_known", _TEAMS),
        sa.ForeignKeyConstraint(_BOUND, _bound_to(), name=op.f("fk_approval_vote_request")),
        sa.ForeignKeyConstraint(
            ["request_id", "seat", "team"],
            ["approval_seat.request_id", "approval_seat.seat", "approval_seat.team"],
            name=op.f("fk_approval_vote_seat"),
        ),
        sa.ForeignKeyConstraint(
            ["delegation_id", "represented_id", "voter_id"],
            ["approval_delegation.id", "approval_delegation.from_id", "approval_delegation.to_id"],
            name=op.f("fk_approval_vote_delegation"),
        ),
        sa.ForeignKeyConstraint(["voter_id"], ["user_account.id"], name=op.f("fk_approval_vote_voter_id_user_account")),
        sa.ForeignKeyConstraint(
            ["represented_id"], ["user_account.id"], name=op.f("fk_approval_vote_represented_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_vote")),
        *[
            sa.UniqueConstraint("request_id", name, name=op.f(f"uq_approval_vote_request_id_{name}"))
            for name in ("voter_id", "represented_id", "seat", "ordinal")
        ],
    )
    op.create_foreign_key(
        "fk_approval_vote_previous", table, table, ["request_id", "previous"], ["request_id", "ordinal"]
    )


def _consumptions_and_policies() -> None:
    op.create_table(
        "approval_consumption",
        *_bound_columns(),
        _moment("consumed_at"),
        sa.Column("consumed_by", sa.UUID(), nullable=True),
        sa.Column("consumed_by_name", sa.String(), nullable=False),
        _check("approval_consumption", "in_time", "consumed_at < expires_at"),
        sa.ForeignKeyConstraint(_BOUND, _bound_to(), name=op.f("fk_approval_consumption_request")),
        sa.ForeignKeyConstraint(
            ["request_id", "seats"],
            ["approval_vote.request_id", "approval_vote.ordinal"],
            name=op.f("fk_approval_consumption_last_vote"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_approval_consumption")),
    )
    op.create_table(
        "approval_policy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tiers", postgresql.JSONB(), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        _moment("changed_at", now=True),
        sa.Column("changed_by_name", sa.String(), nullable=False),
        _check("approval_policy", "version_counts", "version >= 1"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["approval_consumption.request_id"],
            name=op.f("fk_approval_policy_request_id_approval_consumption"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_policy")),
        sa.UniqueConstraint("request_id", name=op.f("uq_approval_policy_request_id")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_approval_policy_kind_version")),
    )


def _bound_columns() -> list[sa.Column[object]]:
    """What a vote and a use repeat of their request, held equal by a foreign key."""
    return [
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        _moment("expires_at"),
    ]


def _bound_to() -> list[str]:
    return [f"approval_request.{name}" for name in ("id", *_BOUND[1:])]
