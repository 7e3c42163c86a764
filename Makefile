# Everything a person does with this repository. `make` alone lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow test-gpu lint types format clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(BIN)/.ready ## Make .venv and install genomask with its locked dependencies

$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[sweep,figures,motifs,dev]'
	@touch $@

run: setup ## Set up, then rank, pretrain and fine-tune on the embedded genome (about three minutes)
	$(BIN)/python train.py masking=pmi model=logo

test: setup ## Set up, then run the tests that CI runs
	$(PYTEST) -m 'not slow and not gpu' -n auto

test-slow: setup ## The tests that take longer
	$(PYTEST) -m slow

test-gpu: setup ## The tests that need a CUDA device
	$(PYTEST) -m gpu

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
