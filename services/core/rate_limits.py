"""How often an address may ask, counted in PostgreSQL, so that several web processes count together."""

from __future__ import annotations

import datetime as dt
import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, Database


class RateWindow(Base):
    """Hits of one key in the window that ends at `expires_at`. Not logged: a crash may forget a minute of counting."""

    __tablename__ = "rate_window"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[dt.datetime]


_COUNT = text(
    """
    INSERT INTO rate_window AS w (key, hits, expires_at)
    VALUES (:key, :amount, clock_timestamp() + make_interval(secs => :expiry))
    ON CONFLICT (key) DO UPDATE SET
      hits = CASE WHEN w.expires_at <= clock_timestamp() THEN excluded.hits ELSE w.hits + excluded.hits END,
      expires_at = CASE WHEN w.expires_at <= clock_timestamp() THEN excluded.expires_at ELSE w.expires_at END
    RETURNING hits
    """
)
_FORGET = text("DELETE FROM rate_window WHERE expires_at < clock_timestamp() - interval '1 hour'")


class PostgresStorage(Storage):
    """Counters of the `limits` library in a table; each hit is one atomic statement of its own."""

    STORAGE_SCHEME = None

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        with self._engine.begin() as connection:
            return connection.execute(_COUNT, {"key": key, "expiry": expiry, "amount": amount}).scalar_one()

    def get(self, key: str) -> int:
        query = select(RateWindow.hits).where(RateWindow.key == key, RateWindow.expires_at > text("clock_timestamp()"))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def get_expiry(self, key: str) -> float:
        with self._engine.connect() as connection:
            end = connection.execute(select(RateWindow.expires_at).where(RateWindow.key == key)).scalar()
        return end.timestamp() if end else time.time()

    def check(self) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1

    def reset(self) -> int | None:
        with self._engine.begin() as connection:
            return connection.execute(delete(RateWindow)).rowcount

    def clear(self, key: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(RateWindow).where(RateWindow.key == key))

    def forget(self) -> None:
        """Drops what nobody will count on again."""
        with self._engine.begin() as connection:
            connection.execute(_FORGET)


class RateLimits:
    """`wait(rule, key)` counts a hit. With the database away each process counts for itself."""

    def __init__(self, database: Database) -> None:
        self._storage = PostgresStorage(database.engine)
        self._shared = FixedWindowRateLimiter(self._storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._rules: dict[str, RateLimitItem] = {}
        self._forgotten = time.monotonic()

    def wait(self, rule: str, *key: str, shared: bool = True) -> int:
        """Seconds to wait before the next try, 0 when this one is within `rule` (e.g. `20/minute`).

        `shared` counts over all processes, otherwise in this one alone.
        """
        item = self._rules.setdefault(rule, parse(rule))
        if not shared:
            return self._count(self._own, item, key)
        try:
            self._tidy()
            return self._count(self._shared, item, key)
        except SQLAlchemyError:
            return self._count(self._own, item, key)

    @staticmethod
    def _count(limiter: FixedWindowRateLimiter, item: RateLimitItem, key: tuple[str, ...]) -> int:
        if limiter.hit(item, *key):
            return 0
        return max(1, math.ceil(limiter.get_window_stats(item, *key).reset_time - time.time()))

    def _tidy(self) -> None:
        if time.monotonic() - self._forgotten > 600:
            self._forgotten = time.monotonic()
            self._storage.forget()
