"""Tables of identity."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id


class LegalEntity(Base):
    """A company of the group with its own books, bank, Stripe account and time zone; it owns every business row."""

    __tablename__ = "legal_entity"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("code ~ '^[a-z][a-z0-9-]{1,30}$'", name="code_form"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
