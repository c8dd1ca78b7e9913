# Rogatory. `make` alone lists what can be made.

SHELL := /bin/sh
PYTHON ?=
BIN := .venv/bin
READY := .venv/.rogatory-ready
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup extras demo test lint types fast slow bench lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make .venv here with the locked dependencies (PYTHON=... to choose the interpreter)
	@:

$(READY): pyproject.toml requirements.txt requirements-dev.txt
	@PYTHON='$(PYTHON)' sh .ci/setup
	@touch $@

extras: $(READY) ## Into .venv also what extras need: Ray, launchers, Optuna, EMA workbench (some minutes)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-all.txt || \
		$(BIN)/python -m pip install -qq --no-input --require-hashes -r requirements-all.txt

demo: $(READY) ## A first simulation, shown in the terminal
	@$(BIN)/rogatory demo

test: lint types fast ## All that a change must pass: lint, types, contracts, tests that are not slow

lint: $(READY) ## Style, format and import contracts
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo

types: $(READY) ## Strict typing
	@$(BIN)/mypy

fast: $(READY) ## The tests that are not slow
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not slow"

slow: $(READY) ## The slow tests
	@$(BIN)/pytest -q -n 2 -m slow || { status=$$?; [ $$status -eq 5 ] || exit $$status; }

bench: $(READY) ## Measure the speed of the simulation
	@$(BIN)/python -m experiments.bench

lock: $(READY) ## Pin the dependencies anew (UPGRADE=1 for the newest that fit)
	@$(UV_COMPILE) --output-file requirements.txt
	@$(UV_COMPILE) --group dev --constraints requirements.txt --output-file requirements-dev.txt
	@$(UV_COMPILE) --group dev --group readers --all-extras --constraints requirements-dev.txt --output-file requirements-all.txt

clean: ## Remove .venv, caches and builds; results stay
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find sim experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +
