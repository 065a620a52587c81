"""What every source of entries is asked for, by name and in this order."""

LABELS = [
    "entity_id",
    "account",
    "ext_key",
    "amount_minor",
    "currency",
    "fee_minor",
    "status",
    "occurred_at",
    "booked_on",
    "reference",
    "batch_ref",
    "origin",
    "changed_seq",
]
