"""The registry of rights. A permission is `<domain>.<subject>.<verb>`; roles are sets of them (identity/policy)."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    SELF = "self.session.use"
    OVERVIEW_READ = "overview.page.read"
    PAYMENT_READ = "payments.payment.read"
    PAYMENT_SYNC = "payments.sync.start"
    DUNNING_READ = "dunning.invoice.read"
    BANK_READ = "bank.statement.read"
    BANK_IMPORT = "bank.statement.import"
    BOOKS_READ = "books.ledger.read"
    BOOKS_IMPORT = "books.ledger.import"
    BOOKS_QUERY = "books.query.edit"
    RECONCILIATION_READ = "reconciliation.run.read"
    RECONCILIATION_RUN = "reconciliation.run.start"
    BREAK_WORK = "reconciliation.break.work"
    RECONCILIATION_SIGN = "reconciliation.run.sign"
    RULES_EDIT = "reconciliation.rules.edit"
    RUN_READ = "runs.run.read"
    RUN_EXECUTE = "runs.run.execute"  # workers and the clock; no role holds it
    RUN_CONTROL = "runs.run.control"
    SCHEDULE_EDIT = "runs.schedule.edit"
    BACKFILL_READ = "backfills.backfill.read"
    BACKFILL_DRAFT = "backfills.backfill.draft"
    BACKFILL_RUN = "backfills.backfill.run"
    BACKFILL_CALENDAR = "backfills.calendar.edit"
    APPROVAL_READ = "approvals.request.read"
    APPROVAL_VOTE_FINANCE = "approvals.vote.finance"
    APPROVAL_VOTE_OPS = "approvals.vote.ops"
    APPROVAL_VOTE_DEV = "approvals.vote.dev"
    APPROVAL_POLICY = "approvals.policy.propose"
    NOTIFICATION_READ = "notifications.letter.read"
    NOTIFICATION_SEND = "notifications.letter.send"
    AUDIT_READ = "audit.entry.read"
    AUDIT_SEAL = "audit.tree.seal"  # workers; no role holds it
    AUDIT_VERIFY = "audit.tree.verify"
    AUDIT_ERASE = "audit.personal.erase"
    USER_READ = "identity.user.read"
    USER_MANAGE = "identity.user.manage"
    KEY_MANAGE = "identity.key.manage"
    REVIEW_READ = "identity.review.read"
    IMPERSONATE = "identity.user.impersonate"
    SETUP_MANAGE = "setup.installation.manage"


# Rights whose services hand in the subject, so that a custom role may narrow them (own, own team, amount).
CONDITIONAL = frozenset({Permission.BREAK_WORK})
