# Two commands for newcomers: make serve, make test. The rest is for those who stay.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST ?=
# A file is one process' alone: its tests may share a server. The long ones come first. Tests wait about as long as
# they compute, so two processors keep four processes busy.
PROCESSES := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: help serve test check bench docs facts lock clean

help: ## Say what each command does
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

.venv/serve: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test: .venv/serve requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

serve: .venv/serve ## Start a server with something to try things on
	@$(BIN)/python -m sayso serve --demo

test: .venv/test ## Run every test that this machine can run
	$(BIN)/python -m pytest $(PROCESSES) $(PYTEST)

check: .venv/test ## Lint, types, and the direction of imports
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

bench: .venv/test ## Measure, and write benchmarks/README.md
	$(BIN)/python -m benchmarks

docs: .venv/test ## Write the generated pages of docs anew from the code
	$(BIN)/python -m scripts.reference
	$(BIN)/python -m scripts.compatibility
	$(BIN)/python -m scripts.client_page
	$(BIN)/python -m benchmarks.capacity --document

facts: .venv/test ## Write tests/conformance/facts anew from Intercom's descriptions
	$(BIN)/python -m scripts.facts
	$(BIN)/python -m scripts.operations

lock: ## Pin the requirements anew (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet --extra build pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet --extra build --extra test --extra bench -c requirements.lock pyproject.toml -o requirements-dev.lock
	for wanted in tests/clients/connectors/*.in; do \
		uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet "$$wanted" -o "$${wanted%.in}.lock"; \
	done

clean: ## Remove what was made here, but no data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
