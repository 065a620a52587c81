"""Every URL in one place. A page's own address has `[parameters]`; `to` fills them in."""

from __future__ import annotations

from urllib.parse import quote, urlencode

OVERVIEW = "/"
PAYMENTS = "/payments"
PAYMENT = "/payments/[payment_id]"
PAYOUTS = "/payouts"
PAYOUT = "/payouts/[payout_id]"
CUSTOMERS = "/customers"
CUSTOMER = "/customers/[customer_id]"
DUNNING = "/dunning"
DUNNING_INVOICES = "/dunning/invoices"
RECONCILIATION = "/reconciliation"
RECONCILIATION_RUN = "/reconciliation/runs/[reconciliation_id]"
RECONCILIATION_PERIODS = "/reconciliation/periods"
RECONCILIATION_RULES = "/reconciliation/rules"
BREAKS = "/breaks"
BREAK = "/breaks/[break_id]"
IMPORTS = "/imports"
IMPORT_FILE = "/imports/[file_id]"
BANK_ACCOUNT = "/imports/accounts/[account_id]"
BANK_CSV = "/imports/accounts/[account_id]/csv"
VOUCHERS = "/imports/vouchers"
LEDGER = "/imports/ledgers/[source_id]"
LEDGER_MAPPING = "/imports/ledgers/[source_id]/mapping"
APPROVALS = "/approvals"
APPROVAL_POLICIES = "/approvals/policies"
APPROVAL_COVER = "/approvals/cover"
APPROVAL = "/approvals/[request_id]"
LETTERS = "/letters"
RUNS = "/runs"
RUN = "/runs/[run_id]"
SCHEDULES = "/schedules"
DEAD_LETTERS = "/dead-letters"
AUDIT = "/audit"
ACCESS = "/access"
ACCESS_SESSIONS = "/access/sessions"
ACCESS_ROLES = "/access/roles"
ACCESS_KEYS = "/access/keys"
ACCESS_REVIEWS = "/access/reviews"
ACCOUNT = "/account"
SETUP = "/setup"

SIGN_IN = "/auth/sign-in"
SIGN_OUT = "/auth/sign-out"
STEP_UP = "/auth/step-up"
STEP_UP_PASSKEY = "/auth/step-up/passkey"
ALIVE = "/auth/alive"
OPENID = "/auth/openid"
OPENID_BACK = "/auth/openid/back"
FACTOR = "/auth/factor"
FACTOR_PASSKEY = "/auth/factor/passkey"
ENROL = "/auth/enrol"
ENROL_APP = "/auth/enrol/app"
ENROL_APP_CONFIRM = "/auth/enrol/app/confirm"
ENROL_PASSKEY = "/auth/enrol/passkey"
ENROL_PASSKEY_CONFIRM = "/auth/enrol/passkey/confirm"
ENROL_DONE = "/auth/enrol/done"
FORGOTTEN = "/auth/forgotten"
LINK_FROM_MAIL = "/auth/password/{secret}"
IMPERSONATE = "/auth/impersonation"
IMPERSONATE_END = "/auth/impersonation/end"
OWN_ENTRY = "/auth/change-password"
NEW_CODES = "/auth/recovery-codes"
STRIPE_HOOK = "/hooks/stripe"


def to(route: str, *, query: dict[str, str] | None = None, **parameters: object) -> str:
    """`to(BREAK, break_id=…)` → `/breaks/…`; `query` is appended. Raises ValueError when a parameter is missing."""
    path = route
    for name, value in parameters.items():
        path = path.replace(f"[{name}]", quote(str(value), safe=""))
    if "[" in path:
        raise ValueError(f"{route} needs {path[path.index('[') :]}")
    return f"{path}?{urlencode(query)}" if query else path
