"""What the pages of approvals share."""

from __future__ import annotations

from console.design.texts import t

STATES = {
    state: t(f"approvals.state_{state}")
    for state in ("pending", "approved", "consumed", "rejected", "withdrawn", "expired", "superseded")
}
LOOKS = {
    "pending": ("wait", "warn"),
    "approved": ("ok", "ok"),
    "consumed": ("seal", "ok"),
    "rejected": ("bad", "bad"),
    "withdrawn": ("block", ""),
    "expired": ("block", ""),
    "superseded": ("block", ""),
}
