# The commands for contributors. Each target installs what it needs, and requires only git, make and Python
# 3.11 or newer with its venv module. The virtual environment in .venv is reused until pyproject.toml changes.

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
ARGS ?=
# Most tests wait for processes and servers, so four workers keep two cores busy.
WORKERS ?= 4

SITE ?= build/site
EXTRAS := cli,codegen,delta,dlt,emulator,jq,keyring,mcp,otel,parquet,redis,remote,report,state,test
PY := .venv/bin/python
# -qq prints errors only: pip also warns when one of several indexes does not have a package.
INSTALL := $(PY) -m pip install -qq --disable-pip-version-check $(if $(CONSTRAINTS),-c $(CONSTRAINTS))

# The library that draws the diagrams of the documentation.
MERMAID := .venv/mermaid.js

# The paths in which the words in .ci/words.txt are rejected.
PLAIN := Makefile *.md .github codegen docs examples kentik_async tests ':!kentik_async/_generated'

# Without bytecode, every process that a test starts compiles the package again: the command line then takes
# 1.5 times as much CPU time to start.
unexport PYTHONDONTWRITEBYTECODE

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test gen check-gen lint type cover chaos soak fuzz bench docs audit build clean help

# The stamps are invalid if the Python of .venv was removed or the repository was moved.
$(shell [ -x $(PY) ] && [ "$$(cat .venv/.place 2>/dev/null)" = "$$(pwd -P)" ] || rm -f .venv/.ready-*)

demo: .venv/.ready-runtime ## Compare four ways to make many calls, on a local emulator
	@.venv/bin/kentik-async demo $(ARGS)

test: .venv/.ready-dev ## Run the test suite (ARGS="tests/unit -k quota" selects tests)
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone" $(ARGS) || [ $$? -eq 5 ]
	@$(PY) -m pytest -m alone $(ARGS) || [ $$? -eq 5 ]

gen: .venv/.ready-dev ## Generate kentik_async/_generated from proto/
	@$(PY) -m codegen

check-gen: .venv/.ready-dev ## Check that kentik_async/_generated matches proto/
	@$(PY) -m codegen --check

lint: .venv/.ready-dev ## Check rules and format with ruff, and words with .ci/words.txt
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PY) .ci/check-words $(PLAIN)

type: .venv/.ready-dev ## Run mypy --strict and basedpyright
	@$(PY) -m mypy & mypy=$$!; $(PY) -m basedpyright; status=$$?; wait $$mypy && exit $$status

cover: .venv/.ready-dev ## Run the test suite with branch coverage
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

chaos: .venv/.ready-dev ## Make 20,000 calls to faulty servers
	@$(PY) -m tests.chaos --calls 20000 $(ARGS)

soak: .venv/.ready-dev ## Run 64 tasks with faults for half an hour (ARGS="--minutes 2" for less)
	@$(PY) -m tests.soak $(ARGS)

fuzz: .venv/.ready-dev ## Pass malformed input to every decoder for ten minutes (ARGS="--minutes 60" for more)
	@$(PY) -m tests.fuzz $(ARGS)

bench: .venv/.ready-bench ## Compare the limiter with others; writes to benchmarks/results
	@$(PY) -m benchmarks.limiter $(ARGS)

docs: .venv/.ready-dev ## Build the documentation site in build/site
	@[ -e "$(MERMAID)" ] || [ -z "$(MERMAID)" ] || $(PY) docs/_ext/fetch_mermaid.py $(MERMAID) || true
	@MERMAID=$(abspath $(MERMAID)) .venv/bin/sphinx-build -q -W --keep-going -E -b html -d $(SITE).doctrees docs $(SITE)
	@echo $(SITE)/index.html

audit: .venv/.ready-dev ## Check the dependencies for known vulnerabilities
	@$(PY) -m pip_audit --skip-editable $(ARGS)

# Uses the date of the commit, so that two builds of a commit have the same bytes.
build: .venv/.ready-dev ## Build wheel and sdist in dist/, reproducibly
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1580601600)} \
	  $(PY) -m build --quiet --no-isolation --outdir dist .
	@ls dist/*

clean: ## Remove build products and caches, but not .venv
	@rm -rf build dist htmlcov .coverage .coverage.* coverage.xml .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . \( -path ./.venv -o -path ./.git \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

.venv/.ready-runtime: pyproject.toml $(CONSTRAINTS) | $(PY)
	@echo "Setting up .venv: the SDK and its command line ..."
	@$(INSTALL) "pip>=25.1"
	@$(INSTALL) -e ".[cli]"
	@pwd -P >.venv/.place
	@touch $@

# This includes everything that the demo needs.
.venv/.ready-dev: pyproject.toml $(CONSTRAINTS) | $(PY)
	@echo "Setting up .venv: the SDK, its extras and the development tools (0.9 GB) ..."
	@$(INSTALL) "pip>=25.1"
	@$(INSTALL) -e ".[$(EXTRAS)]" --group dev
	@pwd -P >.venv/.place
	@touch .venv/.ready-runtime $@

.venv/.ready-bench: .venv/.ready-dev
	@$(INSTALL) --group bench
	@touch $@

# --group needs pip 25.1; the pip of Python 3.11 is older.
$(PY):
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "Python not found: '$(PYTHON)'. Install Python 3.11 or newer, or select yours: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "'$(PYTHON)' is $$("$(PYTHON)" -V 2>&1), but 3.11 or newer is required. To select another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv
