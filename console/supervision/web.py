"""`python -m console.supervision.web`: the pages as a child of `kontor up`, which looks after the database."""

from __future__ import annotations

from console.kit import serving
from services.core.settings import load_settings

if __name__ == "__main__":
    settings = load_settings()
    serving.serve(settings.web.host, settings.port)
