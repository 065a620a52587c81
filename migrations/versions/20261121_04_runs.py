"""Runs, their attempts and logs, schedules and their firings, the processes that work on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_04_runs"
down_revision = "20261121_03_identity"
branch_labels = None
depends_on = None

TABLES = ("worker", "schedule", "run", "run_dependency", "run_attempt", "run_log", "run_kind_turn", "schedule_firing")


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("concurrency", sa.BigInteger(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("stopped_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('worker', 'clock')", name="ck_worker_role_known"),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
        sa.UniqueConstraint("number", name="uq_worker_number"),
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("every_seconds", sa.BigInteger(), nullable=True),
        sa.Column("daily_at", sa.Time(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("catch_up", sa.String(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("watermark", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("catch_up IN ('all', 'last', 'skip')", name="ck_schedule_catch_up_known"),
        sa.CheckConstraint(
            "num_nonnulls(cron, every_seconds, daily_at) = 1 AND (rule = 'cron') = (cron IS NOT NULL)"
            " AND (rule = 'interval') = (every_seconds IS NOT NULL)",
            name="ck_schedule_one_rule",
        ),
        sa.CheckConstraint("rule IN ('cron', 'interval', 'daily')", name="ck_schedule_rule_known"),
        sa.CheckConstraint("every_seconds >= 1", name="ck_schedule_interval_length"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_schedule_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
        sa.UniqueConstraint("code", name="uq_schedule_code"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=True),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("unique_key", sa.String(), nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("max_attempts", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("desired", sa.String(), server_default="run", nullable=False),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("losses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker_id", sa.UUID(), nullable=True),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("memory", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("progress_done", sa.BigInteger(), nullable=True),
        sa.Column("progress_total", sa.BigInteger(), nullable=True),
        sa.Column("progress_phase", sa.String(), nullable=True),
        sa.Column("progress_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("phase_done", sa.BigInteger(), nullable=True),
        sa.Column("phase_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("started_by_kind", sa.String(), nullable=False),
        sa.Column("started_by_id", sa.UUID(), nullable=True),
        sa.Column("started_by_name", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="ck_run_running_has_worker"),
        sa.CheckConstraint(
            "(state IN ('succeeded', 'dead', 'cancelled')) = (finished_at IS NOT NULL)", name="ck_run_finished_has_time"
        ),
        sa.CheckConstraint("desired IN ('run', 'pause', 'cancel')", name="ck_run_desired_known"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'retry_wait', 'paused', 'succeeded', 'dead', 'cancelled')",
            name="ck_run_state_known",
        ),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_run_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name="fk_run_schedule_id_schedule"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_run_worker_id_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("number", name="uq_run_number"),
        sa.UniqueConstraint("unique_key", name="uq_run_unique_key"),
    )
    op.create_index("ix_run_kind_id", "run", ["kind", "id"])
    op.create_index("ix_run_running", "run", ["kind"], postgresql_where=sa.text("state = 'running'"))
    op.create_index("ix_run_schedule_id", "run", ["schedule_id"], postgresql_where=sa.text("schedule_id IS NOT NULL"))
    op.create_index("ix_run_state_id", "run", ["state", "id"])
    op.create_index(
        "ix_run_waiting",
        "run",
        ["kind", "priority", "id"],
        postgresql_where=sa.text("state IN ('queued', 'retry_wait')"),
    )
    op.create_table(
        "run_dependency",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("after_id", sa.UUID(), nullable=False),
        sa.CheckConstraint("run_id <> after_id", name="ck_run_dependency_not_itself"),
        sa.ForeignKeyConstraint(["after_id"], ["run.id"], name="fk_run_dependency_after_id_run"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_dependency_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "after_id", name="pk_run_dependency"),
    )
    op.create_index("ix_run_dependency_after_id", "run_dependency", ["after_id"])
    op.create_table(
        "run_attempt",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("worker_id", sa.UUID(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("error_class", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("traceback", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('succeeded', 'failed', 'lost', 'released', 'paused', 'cancelled')",
            name="ck_run_attempt_outcome_known",
        ),
        sa.CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="ck_run_attempt_ended_has_outcome"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_attempt_run_id_run", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_run_attempt_worker_id_worker"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_attempt"),
    )
    op.create_table(
        "run_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column(
            "at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("level", sa.String(), server_default="info", nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_log_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_run_log"),
    )
    op.create_index("ix_run_log_at", "run_log", ["at"])
    op.create_index("ix_run_log_run_id_id", "run_log", ["run_id", "id"])
    op.create_table(
        "run_kind_turn",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("served_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_run_kind_turn"),
    )
    op.create_table(
        "schedule_firing",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("fire_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("local_day", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=True),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("(outcome = 'started') = (run_id IS NOT NULL)", name="ck_schedule_firing_started_has_run"),
        sa.CheckConstraint("outcome IN ('started', 'skipped')", name="ck_schedule_firing_outcome_known"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_schedule_firing_run_id_run"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name="fk_schedule_firing_schedule_id_schedule", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "fire_at", name="pk_schedule_firing"),
    )
    op.create_index(
        "uq_schedule_firing_schedule_id_local_day",
        "schedule_firing",
        ["schedule_id", "local_day"],
        unique=True,
        postgresql_where=sa.text("local_day IS NOT NULL"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
