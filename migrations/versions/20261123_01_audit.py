"""The audit log: an entry and its personal part are appended by one statement whose plan a connection keeps."""

from __future__ import annotations

from alembic import op

revision = "20261123_01_audit"
down_revision = "20261122_09_backfills"
branch_labels = None
depends_on = None

_ROLE = "kontor_app"
_SIGNATURE = (
    "audit_append(uuid, timestamptz, text, text, uuid, uuid, text, uuid, text, text, text, bytea, bytea, bytea, bytea)"
)


def upgrade() -> None:
    """The function runs with the rights of its caller, which may insert and nothing else."""
    op.execute(
        """
        CREATE FUNCTION audit_append(
            id uuid, recorded_at timestamptz, action text, actor_kind text, actor_id uuid, session_id uuid,
            request_id text, entity_id uuid, subject_type text, subject_id text, outcome text, canonical bytea,
            commitment bytea, salt bytea, personal bytea
        ) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.audit_personal (entry_id, salt, data) VALUES ($1, $14, $15);
            INSERT INTO public.audit_entry (id, recorded_at, action, actor_kind, actor_id, session_id, request_id,
                entity_id, subject_type, subject_id, outcome, canonical, commitment)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
        END $$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {_SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_SIGNATURE} TO {_ROLE}")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {_SIGNATURE}")
