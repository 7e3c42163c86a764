# Everything a person does with this repository. `make` alone lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Without --no-compile, pip compiles every file of every package; Python compiles what is imported, once.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable

.DEFAULT_GOAL := help
.PHONY: help setup run table1 bench test test-slow test-gpu test-slurm test-ray test-faults lint types audit licences docs reference format hooks clean

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Start

setup: $(BIN)/.ready ## Make .venv and install genomask with its locked dependencies, and what the tests and docs need

$(BIN)/.all: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[all]'
	@touch $@

$(BIN)/.ready: $(BIN)/.all
	$(INSTALL) '.[all,dev]'
	@touch $@

run: $(BIN)/.all ## Make .venv and install genomask, then rank, pretrain and fine-tune on the embedded genome (minutes)
	$(BIN)/python train.py masking=pmi model=logo

##@ Measure

bench: setup ## Measure how fast everything is on this machine, beside what others use (half an hour)
	$(BIN)/python -m benchmarks --json bench.json --page bench.md --overwrite

table1: setup ## The paper's Table 1 at a small scale, on synthetic data (hours; stop and start it as you like)
	$(BIN)/python train.py +experiment=table1

##@ Check

test: setup ## Set up, then run the tests that CI runs
	$(PYTEST) -m 'not slow and not gpu and not faults' -n auto

test-slow: setup ## The tests that take longer
	$(PYTEST) -m 'slow and not faults'

test-gpu: setup ## The tests that need a CUDA device
	$(PYTEST) -m gpu

test-slurm: setup ## Install and start a SLURM of this machine alone (Debian, root), and run a job array on it
	sh tests/slurm/start.sh build/slurm
	SLURM_CONF=$(CURDIR)/build/slurm/slurm.conf $(PYTEST) tests/experiment/test_slurm.py -m slow; \
		status=$$?; sh tests/slurm/stop.sh build/slurm; exit $$status

test-ray: setup ## Install Ray, and run a sweep on a cluster of this machine alone, one of whose workers is killed
	$(INSTALL) '.[all,dev,ray]'
	$(PYTEST) -m ray tests/experiment/test_sweeps.py

test-faults: setup ## Kill trainings, sweeps and builders at random, fill and damage disks (FAULTS=100 cases a kind; 8)
	GENOMASK_FAULTS=$(or $(FAULTS),8) $(PYTEST) -m faults

lint: setup ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/pyright --pythonpath $(BIN)/python

audit: setup ## Known vulnerabilities of the locked packages (over the network)
	$(BIN)/python tests/supply/audit.py

licences: setup ## The licence of every installed package; an error for GPL and AGPL
	$(BIN)/python tests/supply/licences.py

##@ Docs

docs: setup ## Build the site of docs/ into build/site; a warning is an error
	$(BIN)/python docs/_site/configuration.py --check
	$(BIN)/python docs/_site/flow.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

reference: setup ## Write what docs/ holds of the schema: the configuration reference and the picture
	$(BIN)/python docs/_site/configuration.py
	$(BIN)/python docs/_site/flow.py

##@ Mend

format: setup ## Mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: setup ## Check style before every commit (pre-commit)
	$(BIN)/pre-commit install

clean: ## Remove caches and build products, not runs/
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -exec rm -rf {} +
