"""Reflex's configuration. The environment is prepared before Reflex is imported, because it reads it at import."""

from console.kit import toolchain

toolchain.prepare()

import reflex as rx  # noqa: E402

from console.kit.bundle import SameOrigin  # noqa: E402

config = rx.Config(
    app_name="console",
    app_module_import="console.console",
    plugins=[SameOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    redis_token_expiration=900,
    state_manager_mode="memory",  # pyright: ignore[reportArgumentType]
    # The gate checks the Origin of every websocket and write; this keeps Reflex's own CORS answers closed.
    cors_allowed_origins=("https://closed.invalid",),
)
