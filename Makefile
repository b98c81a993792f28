# make help: what there is. Needs python3 (3.10 or newer), make and the package registries; no Docker, no Go.

STORE ?= file
PYTEST ?=
WORKERS ?= 4
BENCH ?=
ENDURANCE ?=

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.10,\
	$(shell $(name) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null && echo $(name))))
VENV := .venv/bin

# The tests start hundreds of Pythons. If it is set, each compiles all of the package again.
export PYTHONDONTWRITEBYTECODE :=
# All checkouts share it; mypy sees what of it is out of date.
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/aegis-otel/mypy

.DEFAULT_GOAL := help
.PHONY: help demo check test static victorialogs generate lint go rust licences unit matrix bench endurance clean python provisioned

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r target text; do printf '%-15s %s\n' "$$target" "$$text"; done

demo: python ## two services, the Collector and a store, and a check of what arrived; STORE=victorialogs takes VictoriaLogs
	@$(PYTHON) tools/provision.py demo
	@$(VENV)/python examples/demo.py --store=$(STORE)

check: provisioned ## what a change needs first: linters, types, licences, unit tests of Python, Go, Rust; under 2 minutes
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint go rust licences unit

test: provisioned static ## all that CI runs: `check`, and the integration tests with the real Collector; PYTEST="-k name" takes some
	$(VENV)/python -m pytest -n $(WORKERS) $(PYTEST)

static: provisioned
	@$(MAKE) --no-print-directory -j2 --output-sync=target victorialogs lint go rust licences

victorialogs: provisioned
	$(VENV)/python collector/victorialogs/build.py victoria-logs vmalert

generate: provisioned ## write from contract/ what Python, Go, Rust and the Collector's configuration use
	$(VENV)/python -m tools.contract

lint: provisioned ## ruff and mypy, and whether all that is generated is up to date
	$(VENV)/python -m tools.contract --check
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy

go: provisioned
	cd collector/components && ../../$(VENV)/python ../../tools/go.py test ./...

rust: provisioned
	$(VENV)/python tools/rust.py

licences: provisioned ## the licences of all that is built or installed, against the allowed ones
	$(VENV)/python -m tools.licences

unit: provisioned
	AEGIS_TEST_EXAMPLES=0.1 $(VENV)/python -m pytest -q -n 2 -m "not integration" $(PYTEST)

matrix: provisioned ## the tests that differ between Pythons, with every Python from 3.10 to 3.13 at hand; all rows of frameworks and servers
	AEGIS_TEST_PYTHONS=all AEGIS_TEST_ROWS=all $(VENV)/python -m pytest -n 2 --dist loadgroup \
		tests/integration/test_interpreters.py tests/integration/test_served_apps.py

bench: provisioned ## ours and its peers side by side: a table and a plot
	$(VENV)/python -m benchmarks $(BENCH)

endurance: provisioned ## floods, stores and Collectors that are away, kills, at full size: 17 minutes; ENDURANCE="--only NAME" takes some
	$(VENV)/python -m benchmarks.endurance $(ENDURANCE)

clean: ## remove what was made here; built programs stay in the user's cache folder
	rm -rf .venv .aegis logs dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.10 to 3.13 on PATH; install one, or name it: make PYTHON=…" >&2; exit 1; }

provisioned: python
	@$(PYTHON) tools/provision.py test
