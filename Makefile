# Every command of the project, by the name that CI uses as well.  A bare `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
T ?= tests

.PHONY: help setup demo check lint test test-fast bench fuzz faults docs fmt lock clean

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' Makefile | awk -F '|' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/schakel.stamp .venv/kafka.stamp ## Make .venv from hashed requirements, and fetch what a Kafka node needs

demo: setup ## Play a realistic case through a whole exchange on this machine
	@$(BIN)/schakel demo

check: setup lint ## Format, lint, types and architecture rules
	@$(BIN)/pytest -q tests/architecture

lint: .venv/schakel.stamp ## Format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

test: setup lint ## Everything that CI runs, on a real Kafka; T=path runs a part
	@$(BIN)/pytest -m "not benchmark" $(T)

test-fast: .venv/schakel.stamp ## What needs no Kafka: units, contracts on the twins, architecture; T=path runs a part
	@$(BIN)/pytest -q $(T)

bench: setup ## Measure throughput, latency and growth beside a bare Kafka path; BENCH=--quick for a try
	@$(BIN)/schakel bench $(BENCH)
	@$(BIN)/pytest -q -s -m benchmark tests/benchmarks/test_figures.py

fuzz: .venv/schakel.stamp ## Feed noise to every parser; EXAMPLES=n per property, 5000 by default
	@$(BIN)/pytest -q -p tests.fuzz_profile -m hypothesis tests/unit

faults: setup ## Kill and freeze nodes and processes on a real Kafka, and see that nothing is lost
	@SCHAKEL_TEST_MESSAGES=5000 SCHAKEL_TEST_ROUNDS=3 SCHAKEL_TEST_FLOOD=200000 $(BIN)/pytest -m kafka tests/integration

docs: .venv/schakel.stamp ## Renew the help texts and generated pages in the documentation and check every command in it
	@$(BIN)/python -m tests.help_blocks
	@$(BIN)/schakel catalogue coverage --output docs/coverage.md
	@$(BIN)/pytest -q tests/architecture/test_readme.py

fmt: .venv/schakel.stamp ## Format, and mend what can be mended without thought
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

lock: ## Renew requirements/*.txt from pyproject.toml
	@$(PYTHON) -m venv .cache/lock
	@.cache/lock/bin/pip install --quiet pip-tools
	@$(COMPILE) --output-file requirements/runtime.txt pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements/runtime.txt --output-file requirements/dev.txt pyproject.toml

clean: ## Remove what these commands and those of the documentation made here, the sandbox included
	@if test -d sandbox/exchange && test -x $(BIN)/schakel; then $(BIN)/schakel dev down --dir sandbox > /dev/null; fi
	@rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist sandbox shg-oost
	@rm -f proof.zip forged.zip amk.ics amk.json answer.jsonl checkpoint.txt convenant*.yaml counts.json declaration.json figures.json findings.txt found.json gate.log intake.py \
		ledger.log next.yaml one.json overdue.json question.json received.jsonl reminded.txt reminders.jsonl report.json revocation.json shg.json two.json

# No address of a package index may stand in the result: hashes say what is trusted, not where it came from.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" .cache/lock/bin/pip-compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe

.venv/requirements.stamp: requirements/dev.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or later with venv is needed: apt-get install python3 python3-venv (or make PYTHON=python3.11 ...)" >&2; exit 3; }
	@echo "making .venv from requirements/dev.txt"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.venv/schakel.stamp: .venv/requirements.stamp pyproject.toml hatch_build.py
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

define FETCH_JARS
import os, sys
from pathlib import Path
from broker.errors import SchakelError
from broker.sandbox.jars import resolve
from broker.sandbox.java import find_java
from broker.sandbox.kafka import default_cache
try:
    find_java()
    resolve(Path(os.environ.get("SCHAKEL_CACHE") or default_cache()))
except SchakelError as error:
    sys.exit(str(error))
endef
export FETCH_JARS

.venv/kafka.stamp: .venv/schakel.stamp deploy/kafka/pom.xml deploy/kafka/jars.sha256
	@$(BIN)/python -c "$$FETCH_JARS" || docker info >/dev/null 2>&1 || \
		{ echo "Kafka needs Java 17 or later and Maven, or docker: apt-get install openjdk-17-jre-headless maven" >&2; exit 3; }
	@touch $@
