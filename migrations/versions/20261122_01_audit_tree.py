"""The audit log becomes tamper-evident: the application is a role of its own that may only add to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261122_01_audit_tree"
down_revision = "20261121_09_dunning"
branch_labels = None
depends_on = None

_ROLE = "kontor_app"
_APPEND_ONLY = ("audit_entry",)
_TABLE_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN"


def upgrade() -> None:
    _make_role()
    for rights, objects in ((_TABLE_RIGHTS, "TABLES"), ("SELECT, USAGE, UPDATE", "SEQUENCES")):
        op.execute(f"GRANT {rights} ON ALL {objects} IN SCHEMA public TO {_ROLE}")
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {objects} TO {_ROLE}")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {_ROLE}")
    op.execute(f"REVOKE ALL ON alembic_version FROM {_ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {_ROLE}")
    for table in _APPEND_ONLY:
        op.execute(f"REVOKE ALL ON {table} FROM {_ROLE}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {_ROLE}")


def _make_role() -> None:
    """Roles belong to the whole server, so it may be there; on a server it is a group whose members log in."""
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": _ROLE}):
        return
    if not bind.scalar(sa.text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")):
        raise RuntimeError(f"Have an administrator of the server run once: CREATE ROLE {_ROLE} NOLOGIN")
    op.execute(f"CREATE ROLE {_ROLE} NOLOGIN")


def downgrade() -> None:
    """The role stays: other databases of the server may use it."""
    for objects in ("TABLES", "SEQUENCES"):
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {objects} FROM {_ROLE}")
        op.execute(f"REVOKE ALL ON ALL {objects} IN SCHEMA public FROM {_ROLE}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {_ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {_ROLE}")
