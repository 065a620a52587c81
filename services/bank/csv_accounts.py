"""Which account a CSV export belongs to: the export itself rarely says."""

from __future__ import annotations

import re

from sqlalchemy import select

from services import identity
from services.bank import csv_export
from services.bank.documents import CsvReader
from services.bank.errors import UnreadableFile
from services.bank.models import BankAccount
from services.bank.statement import ParsedDocument
from services.bank.vocabulary import CsvMapping
from services.core.db import UnitOfWork


def csv_reader(uow: UnitOfWork, entity: identity.LegalEntityView) -> CsvReader:
    """Reads an export by the mapping of its account: the one whose IBAN stands in the file's name, else the only
    account of the entity that has a mapping. The reader raises UnreadableFile where that does not decide."""

    def read(name: str, data: bytes) -> ParsedDocument:
        account = _account_for(name, _mapped(uow, entity))
        mapping = CsvMapping.model_validate(account.csv_mapping)
        return csv_export.read_document(
            data, mapping, iban=account.iban, currency=account.currency, zone=entity.time_zone
        )

    return read


def _mapped(uow: UnitOfWork, entity: identity.LegalEntityView) -> list[BankAccount]:
    return list(uow.session.scalars(select(BankAccount).where(BankAccount.entity_id == entity.id)))


def _account_for(name: str, accounts: list[BankAccount]) -> BankAccount:
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    named = [account for account in accounts if account.iban in plain]
    several = [account for account in named if account.currency in plain.replace(account.iban, "", 1)]
    named = several if len(named) > 1 and several else named
    if named and all(account.csv_mapping is None for account in named):
        raise UnreadableFile("csv_account_other", iban=named[0].iban)
    mapped = [account for account in named or accounts if account.csv_mapping is not None]
    if not mapped:
        raise UnreadableFile("csv_account_unknown")
    if len(mapped) > 1:
        raise UnreadableFile("csv_account_unclear")
    return mapped[0]
