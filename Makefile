# Everything a contributor types. Each target does its own set-up: git, make and Python 3.11 or newer with
# its venv module are all that the machine has to bring. The virtual environment in .venv is re-used until
# pyproject.toml changes.

PYTHON ?= python3
ARGS ?=
# Most of the suite waits for processes and servers: four workers keep two cores busy.
WORKERS ?= 4

EXTRAS := cli,codegen,delta,dlt,emulator,parquet,redis,remote
PY := .venv/bin/python
# Twice quiet: errors only. A package that one of several indexes does not have is no news.
INSTALL := $(PY) -m pip install -qq --disable-pip-version-check

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test gen check-gen lint type cover chaos soak fuzz bench audit build clean help

# The stamps tell nothing when the Python under .venv has gone or the repository has moved.
$(shell [ -x $(PY) ] && [ "$$(cat .venv/.place 2>/dev/null)" = "$$(pwd -P)" ] || rm -f .venv/.ready-*)

demo: .venv/.ready-runtime ## A bulk pull through the SDK against an embedded Kentik emulator
	@.venv/bin/kentik-async demo $(ARGS)

test: .venv/.ready-dev ## The test suite (ARGS="tests/unit -k quota" narrows it)
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

gen: .venv/.ready-dev ## Write kentik_async/_generated from proto/
	@$(PY) -m codegen

check-gen: .venv/.ready-dev ## Fail if kentik_async/_generated is not what proto/ gives
	@$(PY) -m codegen --check

lint: .venv/.ready-dev ## ruff: rules and format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

type: .venv/.ready-dev ## mypy --strict and basedpyright, on the package and its typed usage
	@$(PY) -m mypy
	@$(PY) -m basedpyright

cover: .venv/.ready-dev ## The test suite with branch coverage and its floor
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

chaos: .venv/.ready-dev ## 20,000 calls at peers that misbehave, and a table of what became of them
	@$(PY) -m tests.chaos --calls 20000 $(ARGS)

soak: .venv/.ready-dev ## 64 tasks for half an hour under faults (ARGS="--minutes 2" for less)
	@$(PY) -m tests.soak $(ARGS)

fuzz: .venv/.ready-dev ## Ten minutes of hostile input to every decoder (ARGS="--minutes 60" for more)
	@$(PY) -m tests.fuzz $(ARGS)

bench: .venv/.ready-bench ## The limiter beside its peers: a table and a picture in benchmarks/results
	@$(PY) benchmarks/limiter.py $(ARGS)

audit: .venv/.ready-dev ## Known weaknesses in what we depend on (asks the public index)
	@$(PY) -m pip_audit --skip-editable $(ARGS)

# The date of the commit, not of the build: two builds of one commit give the same bytes.
build: .venv/.ready-dev ## Wheel and sdist in dist/, reproducible
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1580601600)} \
	  $(PY) -m build --quiet --no-isolation --outdir dist .
	@ls dist/*

clean: ## Remove build products and caches (.venv stays)
	@rm -rf build dist htmlcov .coverage .coverage.* coverage.xml .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . \( -path ./.venv -o -path ./.git \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

.venv/.ready-runtime: pyproject.toml | $(PY)
	@echo "Setting up .venv: the SDK and its command line ..."
	@$(INSTALL) "pip>=25.1"
	@$(INSTALL) -e ".[cli]"
	@pwd -P >.venv/.place
	@touch $@

# What the demo needs is part of what the tests need: this set-up counts for both.
.venv/.ready-dev: pyproject.toml | $(PY)
	@echo "Setting up .venv: the SDK, its extras and the development tools (0.9 GB) ..."
	@$(INSTALL) "pip>=25.1"
	@$(INSTALL) -e ".[$(EXTRAS)]" --group dev
	@pwd -P >.venv/.place
	@touch .venv/.ready-runtime $@

.venv/.ready-bench: .venv/.ready-dev
	@$(INSTALL) --group bench
	@touch $@

# "pip>=25.1" above is for --group; the pip that Python 3.11 brings is older.
$(PY):
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no '$(PYTHON)' here: install Python 3.11 or newer, or name yours: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "'$(PYTHON)' is $$("$(PYTHON)" -V 2>&1), and 3.11 or newer is needed. If you have it: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
