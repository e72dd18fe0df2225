# Everything runs in .venv, from the locked requirements; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONTRACTS ?= 1000
KILLS ?= 60
TOWN ?= 50350
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	--no-header --generate-hashes pyproject.toml

.PHONY: help demo test lint types imports unit chaos town bench words lock clean
help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  %-10s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bústia needs Python 3.11 or newer; try: make PYTHON=python3.12 demo")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Bústia into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.words: hatch_build.py $(wildcard src/bustia/office/locale/*/*.po) $(VENV)/.base
	@$(BIN)/python hatch_build.py >/dev/null
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.base
	@echo "Installing the tools of the test suite into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@

$(VENV)/.bench: requirements/bench.lock $(VENV)/.base
	@echo "Installing what the benchmark compares with into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	@touch $@

demo: $(VENV)/.words ## Run the main job on a made-up town (CONTRACTS=1000)
	@$(BIN)/bustia demo --contracts $(CONTRACTS)

test: $(VENV)/.test lint types imports unit ## Pass the whole suite

lint: $(VENV)/.test ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/.test ## The import contracts: one way through the house
	$(BIN)/lint-imports

unit: $(VENV)/.test ## pytest on a real PostgreSQL
	$(BIN)/pytest -n auto --dist loadgroup

chaos: $(VENV)/.test ## Kill workers, supervisor and database of a cycle at random (KILLS=60)
	BUSTIA_CHAOS_KILLS=$(KILLS) $(BIN)/pytest tests/cycles/test_chaos.py

town: $(VENV)/.test ## Bring every document of a town back from the archive (TOWN=50350)
	BUSTIA_TOWN_CONTRACTS=$(TOWN) $(BIN)/pytest -s tests/cycles/test_town.py

bench: $(VENV)/.bench ## Compare composers; CYCLE=50350 times a cycle, OFFICE=50350 loads the Office
	@PYTHONPATH=. $(BIN)/python -m bench $(if $(CYCLE),--cycle $(CYCLE)) $(if $(OFFICE),--office $(OFFICE)) $(ARGS)

words: $(VENV)/.test ## Bring the Office's catalogues in step with its pages
	@PYTHONPATH=. $(BIN)/python -m tests.tools.catalogues

lock: $(VENV)/.test ## Lock the requirements anew
	$(LOCK) --extra build -o requirements/base.lock
	$(LOCK) --extra build --extra test -c requirements/base.lock -o requirements/test.lock
	$(LOCK) --extra build --extra bench -c requirements/base.lock -c requirements/test.lock -o requirements/bench.lock

clean: ## Remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
