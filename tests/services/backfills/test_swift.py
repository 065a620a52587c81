"""Before-images read beside the change: the same as those that the change returns, whoever writes meanwhile."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    ColumnElement,
    Date,
    Float,
    Numeric,
    SmallInteger,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)

from services.backfills import Direction, SqlBackfill, ledger
from services.backfills.batching import Plan, Step, back, change_batch, forward
from services.backfills.definition import NoParams
from services.backfills.images import make_images
from services.backfills.swift import swift_form
from services.backfills.vocabulary import Form
from services.core.words import Words
from tests.factories.backfills import ACTOR, COIN, PLUS_ONE, Least, Workshop

_MEASURE = table(
    "measure",
    column("id", BigInteger()),
    column("amount", BigInteger()),
    column("tiny", SmallInteger()),
    column("ratio", Numeric(12, 2)),
    column("weight", Float()),
    column("day", Date()),
    column("moment", TIMESTAMP(timezone=True)),
)
_LAID = """
CREATE TABLE measure (id bigint PRIMARY KEY, amount bigint, tiny smallint, ratio numeric(12, 2), weight float8,
    day date, moment timestamptz(0));
INSERT INTO measure SELECT n, CASE n % 9 WHEN 0 THEN NULL ELSE n * 7919 % 2003 - 1000 END, n * 31 % 30000,
    n * 17 % 1009 / 7.0, CASE n % 11 WHEN 0 THEN NULL ELSE n * 0.37 END, date '2024-02-20' + n % 30,
    timestamptz '2026-03-29 00:30:00.4+00' + n * interval '7 minutes' FROM generate_series(1, 400) n
"""
_C = _MEASURE.c


class Drawn(SqlBackfill):
    """Whatever was drawn."""

    name = "tests.drawn"
    owner = "tests"
    target = _MEASURE
    runbook = title = description = Words("None", "Keine")
    quarantine_limit = 1_000

    def __init__(self, rows: ColumnElement[bool], change: Mapping[str, ColumnElement[Any]]) -> None:
        self._rows, self._change = rows, change
        self.columns = tuple(change)  # pyright: ignore[reportAttributeAccessIssue]

    def rows(self, params: Any) -> ColumnElement[bool]:
        return self._rows

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:
        return self._change


def _number(chance: random.Random, deep: int = 3) -> ColumnElement[Any]:
    """Some expression on the row that stays within a smallint."""
    if not deep or chance.random() < 0.2:
        return chance.choice(
            [_C.amount, cast(_C.tiny, BigInteger), _C.id, literal(chance.randint(-50, 50), BigInteger)]
        )
    one, other = _number(chance, deep - 1), _number(chance, deep - 1)
    grown = [
        one + other,
        one * (other % 7),
        one / func.nullif(other, 0),
        func.coalesce(one, other),
        func.greatest(one, other, 3),
        case((one > other, one), else_=other),
        func.abs(one),
        cast(one, Numeric(14, 3)),
    ]
    return cast(chance.choice(grown), Numeric) % 9_000


def _condition(chance: random.Random) -> ColumnElement[bool]:
    some = [
        _C.id > 0,
        _C.id % chance.randint(2, 9) == 0,
        _number(chance) > _number(chance),
        _C.id.in_(chance.sample(range(1, 400), 9)),
        _C.amount.is_(None) | (_C.day.between(dt.date(2024, 2, 28), dt.date(2024, 3, 2))),
    ]
    return chance.choice(some)


def _change(chance: random.Random) -> dict[str, ColumnElement[Any]]:
    every: dict[str, ColumnElement[Any]] = {
        "amount": cast(_number(chance), BigInteger),
        "tiny": _number(chance),
        "ratio": _number(chance) / 7,
        "weight": _C.weight * cast(_number(chance), Float),
        "day": cast(_C.day + literal(dt.timedelta(days=chance.randint(-40, 40))), Date),
        "moment": _C.moment + literal(dt.timedelta(microseconds=chance.randint(0, 10**7))),
    }
    return {name: every[name] for name in chance.sample(sorted(every), chance.randint(1, 4))}


@pytest.mark.parametrize("seed", range(2))
def test_both_forms_keep_the_same_images_and_leave_the_same_rows(workshop: Workshop, seed: int):
    for statement in _LAID.split(";"):
        workshop.sql(statement)
    settle(workshop)
    chance = random.Random(seed)
    for _ in range(30):
        plan = Plan(uuid.uuid4(), 1, Drawn(_condition(chance), _change(chance)), NoParams(), "400", 0)
        form, tried = _outcome(workshop, plan, swiftly=True)
        _, known = _outcome(workshop, plan, swiftly=False)
        assert form is Form.SWIFT
        assert tried == known


def _outcome(workshop: Workshop, plan: Plan, *, swiftly: bool) -> tuple[Form, list[Any]]:
    """What one batch comes to; it is rolled back."""
    with workshop.database.engine.connect() as connection:
        ledger.lay_down(connection)
        make_images(connection, plan.definition, plan.number)
        changed, form = change_batch(connection, plan, batch=1, after=None, to=plan.bound, swiftly=swiftly)
        seen = ["SELECT * FROM measure ORDER BY id", "SELECT * FROM kontor_backfill.before_1 ORDER BY key"]
        seen += ["SELECT key, error FROM kontor_backfill.quarantine ORDER BY key"]
        return form, [changed, *[[tuple(row) for row in connection.exec_driver_sql(one)] for one in seen]]


def settle(workshop: Workshop) -> None:
    """Until nobody on the server, whatever the database, is in a transaction from before the rows were written."""
    now, stop = workshop.sql("SELECT pg_current_xact_id()::text::bigint AS id")[0].id, time.monotonic() + 120
    while workshop.sql("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS id")[0].id <= now:
        assert time.monotonic() < stop, "somebody stays in a transaction"
        time.sleep(0.02)


class Walk:
    """One backfill over the coins, a batch of 500 keys at a time."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop, self.id = workshop, uuid.uuid4()
        self.bound = str(workshop.sql("SELECT max(id) FROM coin")[0][0])
        settle(workshop)

    def step(self, direction: Direction = Direction.FORWARD, size: int = 500) -> tuple[Step, Form | None]:
        with self.workshop.database.unit_of_work(ACTOR) as uow:
            connection = uow.session.connection()
            ledger.lay_down(connection)
            make_images(connection, PLUS_ONE, 1)
            cursor = ledger.open_cursor(connection, self.id, direction, size)
            connection.execute(text("UPDATE kontor_backfill.cursor SET size = :size"), {"size": size})
            plan = Plan(self.id, 1, PLUS_ONE, Least(), self.bound, cursor.epoch)
            done = (forward if direction is Direction.FORWARD else back)(connection, plan, 0.5)
        return done, self.form(done.number, direction)

    def form(self, number: int, direction: Direction) -> Form | None:
        found = self.workshop.sql(
            "SELECT form FROM kontor_backfill.batch WHERE number = :number AND direction = :direction",
            number=number,
            direction=direction.value,
        )
        return None if found[0].form is None else Form(found[0].form)

    def all(self, direction: Direction) -> None:
        while not self.step(direction)[0].done:
            pass


def _coins(workshop: Workshop) -> list[Any]:
    return workshop.sql("SELECT id, amount_minor FROM coin WHERE id < 999999 ORDER BY id")


@contextmanager
def _another(workshop: Workshop) -> Iterator[psycopg.Connection]:
    url = workshop.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        yield connection


def _until_waiting(workshop: Workshop, count: int = 1) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    stop = time.monotonic() + 20
    while workshop.sql(waiting)[0][0] < count:
        assert time.monotonic() < stop, "nobody waits"


_CHANGE = "UPDATE coin SET amount_minor = amount_minor + 50 WHERE id = 40"


@pytest.mark.parametrize(
    ("deeds", "end", "form"),
    [
        ((_CHANGE,), "COMMIT", Form.FELL_BACK),
        ((_CHANGE, _CHANGE), "COMMIT", Form.FELL_BACK),
        (("SAVEPOINT s", _CHANGE, "RELEASE s"), "COMMIT", Form.FELL_BACK),
        (("UPDATE coin SET label = 'same amount' WHERE id = 40",), "COMMIT", Form.FELL_BACK),
        (("UPDATE coin SET id = 999999 WHERE id = 40",), "COMMIT", Form.FELL_BACK),
        (("DELETE FROM coin WHERE id = 40",), "COMMIT", Form.FELL_BACK),
        (("SELECT FROM coin WHERE id = 40 FOR UPDATE",), "COMMIT", Form.SWIFT),
        ((_CHANGE,), "ROLLBACK", Form.SWIFT),
        (("SAVEPOINT s", _CHANGE, "ROLLBACK TO s", "SELECT FROM coin WHERE id = 40 FOR UPDATE"), "COMMIT", Form.SWIFT),
    ],
)
def test_who_writes_a_row_between_snapshot_and_change_is_seen(
    workshop: Workshop, deeds: tuple[str, ...], end: str, form: Form
):
    _meets(workshop, deeds, end, form, lambda: None)


def test_one_who_began_after_the_snapshot_is_seen_as_well(workshop: Workshop):
    later = "UPDATE coin SET amount_minor = amount_minor + 3 WHERE id = 300"
    _meets(
        workshop, ("SELECT FROM coin WHERE id = 40 FOR UPDATE",), "COMMIT", Form.FELL_BACK, lambda: workshop.sql(later)
    )


def _meets(workshop: Workshop, deeds: tuple[str, ...], end: str, form: Form, meanwhile: Callable[[], Any]) -> None:
    """A batch waits for another's row, which then ends: the images are of what the change found, and the way back
    leads exactly there."""
    walk, took = Walk(workshop), []
    with _another(workshop) as other:
        for deed in deeds:
            other.execute(deed)  # pyright: ignore[reportArgumentType, reportCallIssue]
        worker = threading.Thread(target=lambda: took.append(walk.step()[1]))
        worker.start()
        _until_waiting(workshop)
        meanwhile()
        other.execute(end)  # pyright: ignore[reportArgumentType, reportCallIssue]
        worker.join(20)
    assert took == [form]
    before = workshop.sql("SELECT id, amount_minor - touched FROM coin WHERE id < 999999 ORDER BY id")
    wrong = "SELECT count(*) FROM kontor_backfill.before_1 b LEFT JOIN coin c ON c.id = b.key"
    assert workshop.sql(f"{wrong} WHERE (c.amount_minor, 1) IS DISTINCT FROM (b.new_amount_minor, c.touched)") == [(0,)]
    assert workshop.sql(
        "SELECT count(*) FROM kontor_backfill.before_1 WHERE new_amount_minor <> old_amount_minor + 1"
    ) == [(0,)]
    walk.all(Direction.FORWARD)
    walk.all(Direction.BACK)
    assert _coins(workshop) == before
    assert workshop.sql("SELECT count(*) FROM kontor_backfill.conflict") == [(0,)]


def test_after_one_in_vain_thirty_are_exact_before_the_next_is_tried(workshop: Workshop):
    walk = Walk(workshop)
    with _another(workshop) as old:
        old.execute("SELECT pg_current_xact_id()")  # holds back what snapshots take for finished
        workshop.sql("UPDATE coin SET label = label")
        assert [walk.step(size=20)[1] for _ in range(3)] == [Form.FELL_BACK, Form.EXACT, Form.EXACT]
    settle(workshop)
    assert [walk.step(size=20)[1] for _ in range(29)] == [Form.EXACT] * 28 + [Form.SWIFT]
    walk.all(Direction.FORWARD)
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin") == [(1, 1)]


@pytest.mark.parametrize(
    ("laid", "form"),
    [
        ("CREATE TABLE child () INHERITS (coin)", Form.EXACT),
        ("CREATE DOMAIN minor AS bigint; ALTER TABLE coin ALTER amount_minor TYPE minor", Form.EXACT),
        ("CREATE TRIGGER t BEFORE UPDATE ON coin FOR EACH ROW EXECUTE FUNCTION more()", Form.EXACT),
        ("CREATE TRIGGER t BEFORE UPDATE ON coin FOR EACH STATEMENT EXECUTE FUNCTION more()", Form.EXACT),
        ("CREATE TRIGGER t AFTER UPDATE ON coin FOR EACH ROW EXECUTE FUNCTION more()", Form.SWIFT),
        ("CREATE TRIGGER t BEFORE INSERT ON coin FOR EACH ROW EXECUTE FUNCTION more()", Form.SWIFT),
        ("ALTER TABLE coin ADD gross bigint GENERATED ALWAYS AS (amount_minor * 2) STORED", Form.SWIFT),
    ],
)
def test_what_is_more_than_a_table_takes_the_exact_form(workshop: Workshop, laid: str, form: Form):
    workshop.sql(
        "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN new.amount_minor := new.amount_minor + 2; RETURN new; END'"
    )
    for statement in laid.split(";"):
        workshop.sql(statement)
    before, walk = _coins(workshop), Walk(workshop)
    assert walk.step()[1] is form
    walk.all(Direction.FORWARD)
    assert workshop.sql(
        "SELECT count(*) FROM coin JOIN kontor_backfill.before_1 ON id = key AND amount_minor = new_amount_minor"
    ) == [(3_000,)]
    if "ROW EXECUTE" not in laid:
        walk.all(Direction.BACK)
        assert _coins(workshop) == before


_MORE = (
    "CREATE RULE r AS ON UPDATE TO coin DO ALSO NOTHING",
    "ALTER TABLE coin RENAME TO mint; CREATE VIEW coin AS SELECT * FROM mint",
    "ALTER TABLE coin RENAME TO mint; CREATE TABLE coin (LIKE mint) PARTITION BY RANGE (id)",
    "ALTER TABLE coin ENABLE ROW LEVEL SECURITY; ALTER TABLE coin FORCE ROW LEVEL SECURITY",
)


def test_nor_is_anything_but_an_ordinary_table_tried(workshop: Workshop):
    for laid in _MORE:
        with workshop.database.engine.connect() as connection:
            ledger.lay_down(connection)
            images = make_images(connection, PLUS_ONE, 1)
            assert swift_form(connection, PLUS_ONE, Least(), images) is not None
            for statement in laid.split(";"):
                connection.exec_driver_sql(statement)
            assert swift_form(connection, PLUS_ONE, Least(), images) is None, laid


def test_a_trigger_that_comes_between_looking_and_changing_is_seen(workshop: Workshop):
    with workshop.database.engine.connect() as connection:
        ledger.lay_down(connection)
        images = make_images(connection, PLUS_ONE, 1)
        swift = swift_form(connection, PLUS_ONE, Least(), images)
        assert swift is not None
        connection.exec_driver_sql(
            "CREATE TRIGGER t BEFORE UPDATE ON coin FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
        assert swift.change(connection, batch=1, after=None, to="500") is None
        assert connection.scalar(text("SELECT count(*) FROM coin WHERE touched <> 0")) == 0
        assert images.count(connection) == 0


_OTHER = table("coin", column("id", BigInteger()))


_EXPRESSIONS: tuple[tuple[ColumnElement[Any], bool], ...] = (
    (func.round(COIN.c.amount_minor * literal(1.5)), True),
    (case((COIN.c.label == "c5", literal(1)), else_=func.coalesce(COIN.c.amount_minor, 0) % 7), True),
    (cast(func.extract("epoch", func.now()), BigInteger), True),
    (func.random() * 10, False),
    (func.nextval("kontor_counter"), False),
    (func.mine.abs(COIN.c.amount_minor), False),
    (func.coalesce(COIN.c.amount_minor, func.clock_timestamp()), False),
    (COIN.c.amount_minor.op("+")(1), False),
    (literal_column("amount_minor + 1", BigInteger), False),
    (COIN.c.amount_minor + bindparam(None, callable_=lambda: 1, type_=BigInteger), False),
    (select(func.max(_OTHER.c.id)).scalar_subquery(), False),
    (_OTHER.c.id + 1, False),
    (func.sum(COIN.c.amount_minor).over(), False),
)


@pytest.mark.parametrize("place", ["change", "along"])
def test_only_plain_expressions_on_the_row_are_read_twice(workshop: Workshop, place: str):
    with workshop.database.engine.connect() as connection:
        ledger.lay_down(connection)
        images = make_images(connection, PLUS_ONE, 1)
        for expression, plain in _EXPRESSIONS:
            written = {"touched" if place == "along" else "amount_minor": expression}
            definition = type("One", (type(PLUS_ONE),), {place: lambda *_, written=written: written})()
            assert (swift_form(connection, definition, Least(), images) is not None) == plain, str(expression)
