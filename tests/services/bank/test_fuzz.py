"""Whatever the bytes: the parsers raise our own error or none."""

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.bank import csv_export
from services.bank.documents import read_documents
from services.bank.mt940 import read_document
from services.bank.mt940_details import read_details
from services.bank.vocabulary import CsvMapping
from services.core.reasons import UnreadableFile

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").iterdir())]
EXPORT = b"d;a;b;t\n16.03.2026;1.450,50;1.450,50;Stripe\n17.03.2026;-1.200,00;250,50;Miete\n"
MAPPING = CsvMapping(columns={"booked_on": "d", "amount": "a", "balance": "b", "remittance": "t"})


def read_csv(_: str, data: bytes):
    return csv_export.read_document(data, MAPPING, iban="DE89370400440532013000", currency="EUR", zone="Europe/Berlin")


def only_our_error(name: str, data: bytes) -> None:
    try:
        for _, parsed in read_documents(data, name, read_csv):
            assert parsed is not None
    except UnreadableFile:
        pass


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
def test_damaged_files_of_every_format(data: st.DataObject):
    damaged = bytearray(data.draw(st.sampled_from([*SAMPLES, EXPORT])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=12))
    only_our_error("x.csv", bytes(damaged))


@given(
    st.lists(st.sampled_from([":20:", ":25:", ":28C:", ":60F:", ":61:", ":86:", ":62F:", "-", "}"]), max_size=12),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_fields_of_mt940_in_any_order_with_any_text(tags: list[str], data: st.DataObject):
    text = "\n".join(tag + data.draw(st.text(max_size=40)) for tag in tags)
    with contextlib.suppress(UnreadableFile):
        read_document(text.encode(errors="replace"))


@given(st.text(max_size=400))
@example("166?20EREF+?21SVWZ+?20")
@example("/EREF//REMI//CNTP////")
@settings(max_examples=300, deadline=None)
def test_details_never_refuse(text: str):
    read_details(text)
