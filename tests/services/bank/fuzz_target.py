"""The bank's parsers under atheris, coverage-guided, for as long as one likes; an extra beside the test suite.

Example: python -m tests.services.bank.fuzz_target -max_total_time=600 corpus/
"""

from __future__ import annotations

import sys

import atheris  # pyright: ignore[reportMissingImports]

with atheris.instrument_imports(include=["services.bank"]):  # pyright: ignore[reportAttributeAccessIssue]
    from services.bank.documents import read_documents
    from services.core.reasons import UnreadableFile
    from tests.services.bank.test_fuzz import read_csv


def one_input(data: bytes) -> None:
    """Anything but our own error is a finding."""
    try:
        for _ in read_documents(data, "x.csv", read_csv):
            pass
    except UnreadableFile:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
