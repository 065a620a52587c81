"""The FastAPI app that Reflex's own app is mounted into."""

from __future__ import annotations

from fastapi import FastAPI

from console.http_api import (
    approvals,
    audit_extract,
    auth,
    backfills,
    exports,
    health,
    impersonation,
    ingest,
    lexware_hook,
    metrics,
    openid,
    passwords,
    recon_report,
    second_factor,
    step_up,
    stripe_webhook,
)
from console.http_api.access_export import REVIEW_EXPORT
from console.http_api.approval_export import APPROVAL_EXPORT
from console.http_api.approval_figures import approval_figures
from console.http_api.audit_export import AUDIT_EXPORT
from console.http_api.audit_figures import audit_figures
from console.http_api.backfill_export import BACKFILL_EXPORT
from console.http_api.break_export import BREAK_EXPORT
from console.http_api.dunning_export import DUNNING_EXPORT
from console.http_api.exports import register_export
from console.http_api.metrics import register_figures, run_figures
from console.http_api.payment_export import PAYMENT_EXPORT
from console.http_api.problems import install
from console.http_api.recon_export import ADJUSTMENT_EXPORT, DRIFT_EXPORT, MONTH_EXPORT
from console.http_api.run_export import RUN_EXPORT

api = FastAPI(title="Kontor", docs_url=None, redoc_url=None, openapi_url=None)
install(api)
api.include_router(audit_extract.router)
api.include_router(auth.router)
api.include_router(second_factor.router)
api.include_router(passwords.router)
api.include_router(openid.router)
api.include_router(step_up.router)
api.include_router(impersonation.router)
api.include_router(health.router)
api.include_router(metrics.router)
api.include_router(stripe_webhook.router)
api.include_router(ingest.router)
api.include_router(approvals.router)
api.include_router(backfills.router)
api.include_router(lexware_hook.router)
api.include_router(exports.router)
api.include_router(recon_report.router)
register_export(APPROVAL_EXPORT)
register_export(AUDIT_EXPORT)
register_export(REVIEW_EXPORT)
register_export(BACKFILL_EXPORT)
register_export(BREAK_EXPORT)
register_export(MONTH_EXPORT)
register_export(DRIFT_EXPORT)
register_export(ADJUSTMENT_EXPORT)
register_export(DUNNING_EXPORT)
register_export(RUN_EXPORT)
register_figures(run_figures)
register_figures(audit_figures)
register_figures(approval_figures)
register_export(PAYMENT_EXPORT)
