"""The style sheets, in the order they build on each other."""

STYLESHEETS = tuple(
    f"/css/{name}.css"
    for name in (
        "fonts",
        "tokens",
        "base",
        "shell",
        "page",
        "card",
        "kpi",
        "button",
        "field",
        "filter",
        "badge",
        "table",
        "gauge",
        "two_sides",
        "code",
        "process",
        "signature",
        "feedback",
        "overlay",
        "sign_in",
        "chart",
        "calendar",
        "backfill",
        "console",
        "small",
        "phone",
        "print",
    )
)
