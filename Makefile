# Everything a person does with this repository. `make` alone lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup run table1 bench test test-slow test-gpu test-slurm lint types format clean audit licences

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(BIN)/.ready ## Make .venv and install genomask with its locked dependencies

$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

run: setup ## Set up, then rank, pretrain and fine-tune on the embedded genome (about three minutes)
	$(BIN)/python train.py masking=pmi model=logo

bench: setup ## Measure how fast everything is on this machine, beside what others use (half an hour)
	$(BIN)/genomask bench --json bench.json --page bench.md

test: setup ## Set up, then run the tests that CI runs
	$(PYTEST) -m 'not slow and not gpu' -n auto

test-slow: setup ## The tests that take longer
	$(PYTEST) -m slow

test-gpu: setup ## The tests that need a CUDA device
	$(PYTEST) -m gpu

test-slurm: setup ## Install and start a SLURM of this machine alone (Debian, root), and run a job array on it
	sh tests/slurm/start.sh build/slurm
	SLURM_CONF=$(CURDIR)/build/slurm/slurm.conf $(PYTEST) tests/test_slurm.py -m slow; \
		status=$$?; sh tests/slurm/stop.sh build/slurm; exit $$status

table1: setup ## The paper's Table 1 at a small scale, on synthetic data (hours; stop and start it as you like)
	$(BIN)/python train.py +experiment=table1

lint: setup ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/pyright --pythonpath $(BIN)/python

format: setup ## Mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove caches and build products, not runs/
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -exec rm -rf {} +

audit: setup ## Known vulnerabilities of the locked packages (asks pypi.org; says so where it cannot)
	$(BIN)/python tests/supply/audit.py

licences: setup ## The licence of every installed package; an error for GPL and AGPL
	$(BIN)/python tests/supply/licences.py
