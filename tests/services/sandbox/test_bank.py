from __future__ import annotations

import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import lxml.etree as etree
import pytest

from services import sandbox
from services.sandbox.ids import Ids
from services.sandbox.store import Store

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
NS = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
ACCOUNTS = [(entity.code, account) for entity in sandbox.profile() for account in entity.bank_accounts]


def statements(world: Path, entity: str, iban: str) -> list[Any]:
    """The statements of an account in order, read from the ZIPs."""
    found = []
    for path in sorted((world / "inbox" / entity / "bank").glob(f"camt053_{iban}_*.zip")):
        with zipfile.ZipFile(path) as archive:
            (member,) = archive.namelist()
            found.append(etree.fromstring(archive.read(member)))
    return found


def money(element: Any, path: str) -> Decimal:
    node = element.xpath(path, namespaces=NS)[0]
    sign = -1 if node.xpath("c:CdtDbtInd/text()", namespaces=NS) == ["DBIT"] else 1
    return sign * Decimal(node.findtext("c:Amt", namespaces=NS))


@pytest.mark.parametrize(("entity", "account"), ACCOUNTS)
def test_balances_chain_and_add_up(world: Path, entity: str, account: sandbox.BankAccountProfile) -> None:
    former, references = None, set()
    for number, document in enumerate(statements(world, entity, account.iban), start=1):
        assert document.findtext(".//c:ElctrncSeqNb", namespaces=NS) == str(number)
        assert document.findtext(".//c:Acct/c:Id/c:IBAN", namespaces=NS) == account.iban
        opening = money(document, ".//c:Bal[c:Tp/c:CdOrPrtry/c:Cd='OPBD']")
        closing = money(document, ".//c:Bal[c:Tp/c:CdOrPrtry/c:Cd='CLBD']")
        entries = document.findall(".//c:Ntry", namespaces=NS)
        assert opening + sum(money(entry, ".") for entry in entries) == closing
        assert former is None or opening == former
        former = closing
        for entry in entries:
            details = entry.findall(".//c:TxDtls", namespaces=NS)
            assert sum(money(item, ".") for item in details) == money(entry, ".")
            references.add(entry.findtext("c:AcctSvcrRef", namespaces=NS))
    assert former is not None
    assert len(references) > 20


def test_lines_from_stripe_are_those_of_the_truth(world: Path) -> None:
    truth = sandbox.truth(world, now=NOW)["definitions"]["payouts"]
    known = {item["bank"] for item in truth["matches"]}
    known |= {item["key"] for item in truth["breaks"] if item["class"] == "missing_left"}
    found, batches = set(), 0
    for entity, account in ACCOUNTS:
        for document in statements(world, entity, account.iban):
            for entry in document.findall(".//c:Ntry", namespaces=NS):
                names = entry.xpath(".//c:Dbtr/c:Pty/c:Nm/text()", namespaces=NS)
                if any("STRIPE" in name for name in names):
                    found.add(entry.findtext("c:AcctSvcrRef", namespaces=NS))
                    batches += entry.find(".//c:Btch", namespaces=NS) is not None
    assert found == known
    assert batches == sum(len(item["payouts"]) > 1 for item in truth["matches"])


def test_every_payout_is_matched_missing_or_expected(world: Path) -> None:
    truth = sandbox.truth(world, now=NOW)["definitions"]["payouts"]
    matched = [payout for item in truth["matches"] for payout in item["payouts"]]
    assert len(matched) == len(set(matched))
    missing = {item["key"] for item in truth["breaks"] if item["class"] == "missing_right"}
    expected = {item["key"] for item in truth["expected"]}
    assert not missing & set(matched)
    assert not expected & set(matched)
    assert {item["key"] for item in truth["breaks"] if item["class"] == "amount"} <= set(matched)
    assert all(item["arrival_date"] >= "2026-11-18" for item in truth["expected"])


def test_a_line_tells_what_the_truth_says(world: Path) -> None:
    """Amount, day and reference of every payout line, read from the files and from Stripe's side."""
    truth = sandbox.truth(world, now=NOW)["definitions"]["payouts"]
    wrong = {item["key"] for item in truth["breaks"] if item["class"] == "amount"}
    lines = {}
    for entity, account in ACCOUNTS:
        for document in statements(world, entity, account.iban):
            for entry in document.findall(".//c:Ntry", namespaces=NS):
                lines[account.iban, entry.findtext("c:AcctSvcrRef", namespaces=NS)] = entry
    for match in truth["matches"]:
        entry = lines[match["iban"], match["bank"]]
        payouts = [stored_payout(world, match["entity"], key) for key in match["payouts"]]
        currency = payouts[0]["currency"]
        paid = Decimal(sum(payout["amount"] for payout in payouts)).scaleb(0 if currency == "JPY" else -2)
        assert (money(entry, ".") < paid) if wrong & set(match["payouts"]) else (money(entry, ".") == paid)
        booked = dt.date.fromisoformat(entry.findtext("c:BookgDt/c:Dt", namespaces=NS))
        assert {dt.datetime.fromtimestamp(payout["arrival"], dt.UTC).date() for payout in payouts} == {booked}
        references = entry.xpath(".//c:EndToEndId/text()", namespaces=NS)
        traces = [payout["trace"] for payout in payouts]
        assert references == (["NOTPROVIDED"] if match["kind"] == "mangled" else traces)
        if match["kind"] == "mangled":
            assert traces[0] not in entry.findtext(".//c:RmtInf/c:Ustrd", namespaces=NS)


def stored_payout(world: Path, entity: str, key: str) -> Any:
    ids, store = Ids("7", entity), Store(world / "sandbox" / f"{entity}.sqlite3")
    row = store.get("payout", ids.number(key) or 0)
    store.close()
    return row
