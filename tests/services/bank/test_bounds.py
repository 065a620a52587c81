"""Time and memory of the parsers on large and hostile input, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECONDS_PER_MB = 1.0
MEGABYTES = 200

MEASURE = """
import resource, sys, time
from tests.services.bank.hostile import SHAPES
from services.bank.documents import read_documents
from services.core.reasons import UnreadableFile
from services.bank.vocabulary import CsvMapping
from services.bank import csv_export

mapping = CsvMapping(columns={"booked_on": "d", "amount": "a", "remittance": "t"})
read_csv = lambda name, data: csv_export.read_document(
    data, mapping, iban="DE89370400440532013000", currency="EUR", zone="Europe/Berlin")
name, make = sys.argv[1], SHAPES[sys.argv[1]]
data = make(4 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
try:
    for _, parsed in read_documents(data, name, read_csv):
        pass
except UnreadableFile:
    pass
seconds = time.process_time() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds / (max(len(data), 1 << 20) / (1 << 20)), (after - before) / 1024)
"""


@pytest.mark.parametrize(
    "shape",
    [
        "rows.xml",
        "deep.xml",
        "wide.xml",
        "attributes.xml",
        "text.xml",
        "entities.xml",
        "rows.sta",
        "unending.sta",
        "subfields.sta",
        "slashes.sta",
        "messages.sta",
        "rows.csv",
        "quotes.csv",
        "one-line.csv",
        "bomb.zip",
        "noise.zip",
    ],
)
def test_no_shape_makes_a_parser_slow_or_swell(shape: str):
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, shape], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    per_megabyte, megabytes = map(float, found.stdout.split())
    assert per_megabyte <= SECONDS_PER_MB, f"{per_megabyte:.2f} s of CPU a MB"
    assert megabytes <= MEGABYTES, f"swells by {megabytes:.0f} MB"
