# Two commands matter: `make up` and `make test`. `make help` lists the rest.
export KONTOR_PORT ?= 8400
export KONTOR_DATA_DIR ?= .kontor

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 2
# deploy/requirements.lock leaves the development tools out, benchmarks/requirements.lock has what benchmarks compare with.
LOCK ?= requirements.lock
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet

.DEFAULT_GOAL := help
.PHONY: help up install check test approvals oracle matrix commands fmt bench bench-recon migrate vulnerable lock clean

help: ## What each command does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

up: install ## Start everything; Ctrl-C stops it
	@exec $(BIN)/kontor up

install: $(STAMP) ## Install and build everything, start nothing
	@$(BIN)/python -m compileall -q console services jobs migrations
	@$(BIN)/python -m console.kit.serving build

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kontor needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

check: $(STAMP) ## Lint, types, import contracts, duplicated code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.architecture.duplicates

test: install ## Every test, in parallel; safe beside a running `make up`
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

matrix: install ## Call every door for everybody and write down who was let in (tests/console/matrix.csv)
	KONTOR_WRITE_MATRIX=1 $(BIN)/python -m pytest -q -n 0 tests/console/test_matrix.py -k "pages_and_events or routes_and_exports"

commands: install ## Write the command line's reference (docs/commands.md) from its own help
	$(BIN)/python -m typer --app app console.cli utils docs --name kontor --title "The command line" --output docs/commands.md

fmt: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

approvals: install ## The state machine of approvals, 5,000 runs (EXAMPLES=…)
	KONTOR_HYPOTHESIS_EXAMPLES=$(or $(EXAMPLES),5000) KONTOR_HYPOTHESIS_PARTS=10 $(BIN)/python -m pytest -o timeout=0 -n 2 tests/services/approvals/test_state_machine.py

oracle: install ## The engine of reconciliation beside a slow, obviously right one, 2,000 worlds each (EXAMPLES=…)
	KONTOR_HYPOTHESIS_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest -o timeout=0 -n 2 tests/services/reconciliation/test_oracle.py tests/services/reconciliation/test_payout_oracle.py

bench: install ## Benchmarks, as ratios measured side by side
	@for name in sync recon dashboard web audit backfill; do $(BIN)/python -m benchmarks.$$name --json || exit 1; done

bench-recon: $(STAMP) ## The reconciliation beside data frames, a diff tool and an ORM (installs benchmarks/requirements.lock; ROWS=…)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement benchmarks/requirements.lock
	@$(BIN)/python -m benchmarks.recon $(if $(ROWS),--rows $(ROWS),--large) --json

migrate: $(STAMP) ## Bring the database to the newest schema
	@$(BIN)/kontor migrate

vulnerable: $(STAMP) ## Ask the advisories about every locked component; fails on a known vulnerability (needs the network)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.lock

lock: ## Renew requirements.lock, and of the same versions deploy/requirements.lock (deploying) and benchmarks/requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --extra dev --output-file requirements.lock
	$(COMPILE) --extra install --constraint requirements.lock --output-file deploy/requirements.lock
	$(COMPILE) --extra bench --constraint requirements.lock --output-file benchmarks/requirements.lock

clean: ## Remove what was installed and built (data stays)
	rm -rf .venv .web .states .artefacts build *.egg-info
