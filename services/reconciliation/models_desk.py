"""Tables of the desk: named filters of the queue, from which amount a break is severe, and drift day by day."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, PrimaryKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.saved_views import SavedViewColumns

_C = String(collation="C")


class BreakSavedView(SavedViewColumns, Base):
    """A filter of the queue that a person gave a name."""

    __tablename__ = "recon_saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)


class Severity(Base):
    """From which difference on a break of a currency is notable, and from which severe; minor units, both inclusive."""

    __tablename__ = "recon_severity"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        CheckConstraint("0 < notable_minor AND notable_minor < severe_minor", name="steps_in_order"),
    )

    currency: Mapped[str] = mapped_column(_C, primary_key=True)
    notable_minor: Mapped[int]
    severe_minor: Mapped[int]
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class DayDrift(Base):
    """What the first run that covered a business day found of it: breaks and open differences by currency and class.

    Written once a day, so that days are compared at the same age. `left_minor` is the day's left side without sign.
    The class `all` counts every class and is there for each currency with entries, also where nothing was found.
    """

    __tablename__ = "recon_day_drift"
    __table_args__ = (
        PrimaryKeyConstraint("entity_id", "definition", "day", "currency", "break_class"),
        CheckConstraint("breaks >= 0 AND open_minor >= 0 AND left_minor >= 0", name="not_negative"),
    )

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"))
    day: Mapped[dt.date]
    currency: Mapped[str] = mapped_column(_C)
    break_class: Mapped[str]
    breaks: Mapped[int]
    open_minor: Mapped[int]
    entries: Mapped[int]
    left_minor: Mapped[int]
    run_seq: Mapped[int]
