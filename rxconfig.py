"""Reflex's configuration. The environment is prepared before Reflex is imported, because it reads it at import."""

import os

from console.kit import toolchain

toolchain.prepare()

import reflex as rx  # noqa: E402

from console.kit.bundle import SameOrigin  # noqa: E402

config = rx.Config(
    app_name="console",
    app_module_import="console.console",
    plugins=[SameOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    # Named here so that the lock is the same whichever pages are in the build.
    frontend_packages=[
        "@radix-ui/react-dialog@1.3.1",
        "plotly.js-basic-dist-min@3.7.0",
        "react-dropzone@17.0.0",
        "react-plotly.js@4.1.0",
    ],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    redis_token_expiration=900,
    state_manager_mode="redis" if "REFLEX_REDIS_URL" in os.environ else "memory",  # pyright: ignore[reportArgumentType]
    # The gate checks the Origin of every websocket and write; this keeps Reflex's own CORS answers closed.
    cors_allowed_origins=("https://closed.invalid",),
)
