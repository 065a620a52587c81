"""`python -m services.sandbox serve --data-dir D --port P`: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from services.core.log import configure_logging
from services.sandbox.serving import serve
from services.sandbox.world import DEFAULT_PORT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.sandbox")
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="serve Stripe's API over the sandbox of a data folder")
    server.add_argument("--data-dir", type=Path, default=Path(".kontor"))
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=DEFAULT_PORT)
    server.add_argument("--webhook-url", help="the console's intake, e.g. http://127.0.0.1:8400/hooks/stripe")
    server.add_argument("--faults", help='e.g. {"every": {"429": 50}}')
    options = parser.parse_args()
    configure_logging(process="sandbox")
    serve(
        options.data_dir, host=options.host, port=options.port, webhook_url=options.webhook_url, faults=options.faults
    )


if __name__ == "__main__":
    main()
