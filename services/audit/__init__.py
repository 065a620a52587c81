"""The audit log: who did what to which record, in the transaction that did it, in a tree that shows any change."""

from services.audit.checkpoint import NoteError, Verifier, open_checkpoint
from services.audit.checkpoints import latest_checkpoint, sign_head
from services.audit.errors import LogRewritten, NotSealedYet
from services.audit.keys import OVERLAP, KeyState, KeyStore, SigningKey, parse_verifiers
from services.audit.merkle import leaf_hash as merkle_leaf
from services.audit.proofs import proof_as_told, prove, write_bundle
from services.audit.queries import entry, export, search, trail, trail_of_many
from services.audit.saved_views import remove_view, save_view, saved_views
from services.audit.sealing import Sealed, Sealer
from services.audit.service import erase_personal, record
from services.audit.sinks import Delivery, Sink, deliver, note_outcome, pending, sinks_of
from services.audit.verify import VerifyParams, note_refusal, save_verification, status, verify_log
from services.audit.views import (
    AuditEntryView,
    AuditFilter,
    AuditPage,
    AuditStatus,
    CheckpointView,
    Finding,
    Proof,
    SinkView,
    VerificationView,
)
from services.audit.words import index_words

__all__ = [
    "OVERLAP",
    "AuditEntryView",
    "AuditFilter",
    "AuditPage",
    "AuditStatus",
    "CheckpointView",
    "Delivery",
    "Finding",
    "KeyState",
    "KeyStore",
    "LogRewritten",
    "NotSealedYet",
    "NoteError",
    "Proof",
    "Sealed",
    "Sealer",
    "SigningKey",
    "Sink",
    "SinkView",
    "VerificationView",
    "Verifier",
    "VerifyParams",
    "deliver",
    "entry",
    "erase_personal",
    "export",
    "index_words",
    "latest_checkpoint",
    "merkle_leaf",
    "note_outcome",
    "note_refusal",
    "open_checkpoint",
    "parse_verifiers",
    "pending",
    "proof_as_told",
    "prove",
    "record",
    "remove_view",
    "save_verification",
    "save_view",
    "saved_views",
    "search",
    "sign_head",
    "sinks_of",
    "status",
    "trail",
    "trail_of_many",
    "verify_log",
    "write_bundle",
]
