# The one runner. Targets that check change nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test exam exam-sample lint types format check bench bench-quick clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    set everything up and play the founding case, then a real install"
	@echo "make test    all tests (under five minutes on two cores)"
	@echo "make exam    the long ones: kills, parity, peers, mutation"
	@echo "make check   lint, types and tests"
	@echo "make bench   ratios against uv and pip, side by side"

# admit and what it runs on, from a Python 3.11+ with venv and pip.
$(VENV)/installed: pyproject.toml
	@$(PYTHON) scripts/make_environment.py $(VENV)
	@touch $@

# The tools of development besides.
$(VENV)/developed: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --group servers
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/admit demo

test: $(VENV)/developed
	@$(BIN)/python -m pytest -q -n auto -m "not exam" $(ARGS)

# What only the exam needs.
$(VENV)/examined: $(VENV)/developed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group devpi --group proxies
	@touch $@

exam: $(VENV)/examined
	@$(BIN)/python -m pytest -q -m "exam" $(ARGS)
	@$(BIN)/python tests/mutation.py

# The part of the exam that the gate takes.
exam-sample: $(VENV)/developed
	@$(BIN)/python -m pytest -q -m "exam and sample" tests/exam/test_peers.py
	@$(BIN)/python -m pytest -q -m "exam" \
		tests/exam/test_kills.py::test_kill_at_every_step_leaves_the_old_state
	@$(BIN)/python tests/mutation.py auth/scope

lint: $(VENV)/developed
	@$(BIN)/ruff check src tests scripts
	@$(BIN)/ruff format --check src tests scripts

types: $(VENV)/developed
	@$(BIN)/mypy

format: $(VENV)/developed
	@$(BIN)/ruff check --fix src tests scripts
	@$(BIN)/ruff format src tests scripts

check: lint types test

bench: $(VENV)/developed
	@$(BIN)/python scripts/bench.py $(ARGS)

bench-quick: $(VENV)/developed
	@$(BIN)/python scripts/bench.py --quick $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
