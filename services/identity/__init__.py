"""People, their sessions and rights, and the legal entities of the group."""

from services.identity.queries import legal_entities
from services.identity.service import create_legal_entity
from services.identity.views import LegalEntityView

__all__ = ["LegalEntityView", "create_legal_entity", "legal_entities"]
