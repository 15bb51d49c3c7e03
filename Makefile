# `make run` and `make test` set everything up on a fresh machine; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPING := $(VENV)/.developing
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e

.DEFAULT_GOAL := help
.PHONY: help run test test-all check bench

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## train, check and draw the `quick` experiment; finished = says so at once
	@$(BIN)/acrypto run
	@command -v acrypto > /dev/null || echo "(source $(BIN)/activate makes acrypto a command in this terminal)" >&2

# Three processes of one thread each on two processors: tests of stops and faults spend their time waiting. With more threads
# than processors they would wait for one another. Files go in the order of conftest.py, the longest first.
test: check ## check, then every test that is neither slow nor for a GPU (at most 12 minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not slow and not gpu'

test-all: check ## check, then every test this machine can run
	@$(BIN)/python -m pytest

check: $(DEVELOPING) ## ruff (lint and format) and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(INSTALLED) ## engines against the ordinary way, on this machine
	@$(BIN)/acrypto bench

# A stamp is newer than both files when the environment matches them; one that is already there is kept and only updated.
# Who runs gets what a run needs; who tests gets everything that tests need, in some minutes more.
$(INSTALLED): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { $(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("acrypto needs Python 3.11 or later; say which with PYTHON=python3.11.")' && $(PYTHON) -m venv $(VENV); }
	@echo "Installing the pinned versions into $(VENV); the first time takes a few minutes." >&2
	@$(INSTALL) .
	@touch $@

$(DEVELOPING): $(INSTALLED)
	@echo "Installing what the tests need." >&2
	@$(INSTALL) '.[cryptography,dev,mlflow,parquet,ray,tensorboard]'
	@touch $@
