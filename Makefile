# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
# One session holds all layers; the long suites run at short sizes here and in full under `make endurance`.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test check suite endurance bench messages lock system vendor clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: export COHORT_LOG_LEVEL ?= WARNING
run: .venv/run.ok ## serve the site with its demo on http://localhost:5000
	@$(BIN)/cohort run --demo

test: .venv/test.ok system check suite ## every test, lint, type and import check, on SQLite and PostgreSQL

endurance: export TEST_SIZE := full
endurance: .venv/test.ok system ## the long suites at full size; figures go to docs/endurance.md
	$(BIN)/python -m pytest tests/property tests/jobs -n $(WORKERS)

bench: .venv/test.ok system ## the benchmarks; each prints one JSON line
	@for each in tests/bench/bench_*.py; do $(BIN)/python -m tests.bench.$$(basename $$each .py) || exit 1; done

check: .venv/test.ok
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint templates --lint --quiet

suite: export EVERY_LAYER := 1
suite: .venv/test.ok system
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=
	$(BIN)/coverage report --skip-covered --skip-empty --fail-under=95
	$(BIN)/coverage report --include='cohort/rules/*' --skip-covered --fail-under=100

messages: .venv/test.ok ## collect the words of the site into the catalogues and compile them
	$(BIN)/python .ci/messages.py

lock: ## pin the newest allowed versions with their hashes (needs uv)
	.ci/lock

vendor: ## fetch fonts, icons and the style reset by their pinned versions and record their checksums
	$(PYTHON) .ci/vendor.py

system: ## make sure that a Chromium, PostgreSQL server binaries and Pango are there
	@.ci/system

clean: ## forget the virtual environment and caches; the data in instance/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.12, for example")'
	@echo "Fetching what Cohort needs into .venv, once; about half a minute."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

.venv/run.ok: .venv/bin/python requirements.lock pyproject.toml $(wildcard cohort/translations/*/LC_MESSAGES/*.po)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/test.ok: .venv/run.ok requirements-test.lock
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.lock
	@touch $@
