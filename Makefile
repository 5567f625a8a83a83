# What a developer types. Only Python 3.11 or newer has to be there beforehand.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
ARGS ?=
# Distributed by file, only one of several tests of one name would be run, and schemathesis gives one to many.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist worksteal

.PHONY: install demo check test soak bench docs format requirements clean

install: $(INSTALLED)

# Everything comes with its hash; the project itself is built by what was installed so.
$(INSTALLED): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Regulars needs Python 3.11 or newer; none was found." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

# A server with a year of data: make demo ARGS="--port 9000"
demo: install
	$(BIN)/regulars demo $(ARGS)

# What can be judged without running anything; takes seconds.
check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/tidy

# Races and crashes have the machine to themselves; the rest runs on all cores, each process with a database server
# of its own.
test: check
ifeq ($(ARGS),)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/rules tests/store tests/contracts tests/cli tests/docs
	$(BIN)/python -m pytest tests/races tests/crash tests/browser
else
	$(BIN)/python -m pytest $(ARGS)
endif

# The long versions of the concurrency, crash and property tests.
soak: install
	REGULARS_SOAK=1 $(BIN)/python -m pytest -m soak --hypothesis-profile=soak $(ARGS)

bench: install
	$(BIN)/regulars bench $(ARGS)

# Pages that are printed from the source.
docs: install
	$(BIN)/python -m regulars.settings > docs/settings.md
	$(BIN)/python -m regulars.program_settings > docs/program-settings.md
	$(BIN)/python -m regulars.features.webhooks.catalogue_page > docs/events.md

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Takes the newest versions that pyproject.toml allows.
requirements:
	$(PYTHON) -m venv .venv-requirements
	.venv-requirements/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-requirements/bin/uv pip compile pyproject.toml --group dev $(COMPILE) -o requirements-dev.txt
	.venv-requirements/bin/uv pip compile pyproject.toml -c requirements-dev.txt $(COMPILE) -o requirements.txt
	rm -rf .venv-requirements
COMPILE := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --upgrade \
	--quiet --custom-compile-command "make requirements"

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
