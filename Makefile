# Every recipe a developer or CI needs. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find src sdk/src -name '*.py' 2>/dev/null)
PROJECTS := pyproject.toml $(wildcard sdk/pyproject.toml)
CLIENTS := tests/clients/node
# Three workers for two cores: some tests wait. Files are taken in their order: the long ones with few
# tests would else come last, on one core.
PYTEST ?= -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help run test conformance run-conformance fuzz lint types contracts docs docs-check bench install clean

help: ## List the recipes
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 24

run: $(VENV)/.installed $(VENV)/.compiled ## Start Doorward on SQLite under ./data (DOORWARD_* variables pass through)
	@exec $(BIN)/doorward up

test: install ## Run every test on SQLite and PostgreSQL (PYTEST="-k name" to narrow)
	@$(BIN)/python -m pytest $(PYTEST)

conformance: $(VENV)/.installed-dev $(VENV)/.compiled ## Run the modules of the OpenID Foundation's plans and write their table
	@$(BIN)/python -m pytest tests/conformance --conformance-table $(PYTEST)

run-conformance: $(VENV)/.installed-dev $(VENV)/.compiled ## Run a server that the OpenID Foundation's own suite can test (ARGS=--help)
	@exec $(BIN)/python -m tests.conformance.suite $(ARGS)

fuzz: $(VENV)/.installed-dev $(VENV)/.compiled ## Send a server bad requests for an hour and watch it (MINUTES=5 for less)
	@$(BIN)/python -m tests.fuzz.long_run --minutes $(or $(MINUTES),60)

lint: $(VENV)/.installed-dev ## Check style, formatting and the house rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m tools.lints

types: $(VENV)/.installed-dev ## Check the types (mypy --strict)
	@$(BIN)/mypy

contracts: $(VENV)/.installed-dev ## Check that imports go one way (import-linter)
	@$(BIN)/lint-imports

docs: $(VENV)/.installed-dev ## Write docs/reference from the code
	@$(BIN)/python -m tools.reference

docs-check: $(VENV)/.installed-dev ## Check that docs/reference is what the code says
	@$(BIN)/python -m tools.reference --check

bench: install ## Measure the figures and print them as ratios
	@tools/packages.sh wrk
	@$(BIN)/python -m benchmarks

install: $(VENV)/.installed-dev $(VENV)/.compiled $(VENV)/pypi-logto/.installed $(if $(wildcard $(CLIENTS)/package-lock.json),$(CLIENTS)/node_modules/.installed) ## Install everything that the tests need
	@tools/packages.sh chromium postgresql node npm

clean: ## Remove the environment and the caches, not ./data
	@rm -rf $(VENV) $(CLIENTS)/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/.installed: $(PROJECTS)
	@tools/install.sh run
	@touch $@

$(VENV)/.installed-dev: $(PROJECTS)
	@tools/install.sh dev
	@touch $(VENV)/.installed $@

# Byte code is written ahead, so that the first start is as fast as the next ones.
$(VENV)/.compiled: $(VENV)/.installed $(SOURCES)
	@$(BIN)/python -m compileall -qq src $(wildcard sdk/src) || true
	@touch $@

# The SDK that ours stands in for has the same import name: it lies beside the environment, and the
# tests that compare the two put it on their path.
$(VENV)/pypi-logto/.installed: $(VENV)/.installed-dev
	@tools/install.sh pypi-logto
	@touch $@

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json
	@tools/packages.sh node npm
	@npm ci --prefix $(CLIENTS) --no-audit --no-fund --loglevel=error
	@touch $@
