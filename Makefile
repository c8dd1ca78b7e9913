# Rogatory. `make` alone lists what can be made.

SHELL := /bin/sh
PYTHON ?=
BIN := .venv/bin
READY := .venv/.rogatory-ready
BASE ?= HEAD
PYTEST = $(BIN)/pytest -q -n 2 --dist worksteal
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) pyproject.toml

# Bytecode is kept although an environment (a container's, say) forbids it: each worker of the tests would compile all sources anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup extras demo test check near lint types fast slow exhaustive bench lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make .venv here with the locked dependencies (PYTHON=... to choose the interpreter)
	@:

$(READY): pyproject.toml requirements.txt requirements-dev.txt
	@PYTHON='$(PYTHON)' sh .ci/setup
	@touch $@

extras: $(READY) ## Into .venv also what users may want and `make test` does not: Ray, launchers, readers of stores (some minutes)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-all.txt || \
		$(BIN)/python -m pip install -qq --no-input --require-hashes -r requirements-all.txt

demo: $(READY) ## A first simulation, shown in the terminal
	@$(BIN)/rogatory demo

test: lint ## All that a change must pass: lint, contracts, types, tests that are not slow (some minutes)
	@$(MAKE) --no-print-directory -j 2 types fast

check: lint ## What a change in the making must pass, in about a minute: lint, contracts, types, the tests nearest to it (BASE=HEAD)
	@$(MAKE) --no-print-directory -j 2 types near

lint: $(READY) ## Style, format and import contracts
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo

types: $(READY) ## Strict typing
	@$(BIN)/mypy

fast: $(READY) ## The tests that are not slow
	@$(PYTEST) -m "not slow"

near: $(READY)
	@tests=$$($(BIN)/python -m tests.near $(BASE)) && if [ -n "$$tests" ]; then $(PYTEST) -m "not slow" $$tests; \
		else echo "nothing has changed since $(BASE)"; fi

slow: $(READY) ## The slow tests (about ten minutes)
	@$(PYTEST) -m "slow and not exhaustive"

exhaustive: $(READY) ## The tests that take too long for every change: the whole reference, a death at every file operation
	@$(PYTEST) -m exhaustive

bench: $(READY) ## Measure the speed of the simulation (a quarter of an hour; the dependency group `peers` adds frameworks)
	@$(BIN)/rogatory benchmark

lock: $(READY) ## Pin the dependencies anew (UPGRADE=1 for the newest that fit)
	@$(UV_COMPILE) --output-file requirements.txt
	@$(UV_COMPILE) --group dev --group readers --all-extras --constraints requirements.txt --output-file requirements-all.txt
	@$(UV_COMPILE) --group dev --constraints requirements-all.txt --output-file requirements-dev.txt

clean: ## Remove .venv, caches and builds; results stay
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find sim experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
