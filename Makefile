# `make` alone explains itself. Everything is set up on first use, in .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# DVC writes beside the project unless told otherwise; nothing leaves this folder.
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
export DVC_NO_ANALYTICS := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.PHONY: help report test test-quick browser lint format types notebooks lab lock fresh bench bench-pipeline bench-reading bench-estimators calibrate fuzz acquire clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

report: .venv/run.done ## Set up, run what is stale, name the page to open
	@$(BIN)/dvc repro
	@echo
	@echo "Open reports/rendered/index.html"

test: .venv/test.done ## Set up, then check style, types and every test
	@$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-quick: .venv/test.done ## Only the tests that take seconds
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not pipeline and not browser"

lint: .venv/test.done ## Check style, spelling and that notebooks hold no outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell pipeline notebooks reports/methods data/cards README.md CONTRIBUTING.md
	$(BIN)/python -m pipeline.run.notebooks --check

types: .venv/test.done ## Check types (strict on pipeline/)
	$(BIN)/mypy

format: .venv/test.done ## Put code and notebooks into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m pipeline.run.notebooks

notebooks: .venv/run.done ## Take the outputs from notebooks before a commit
	$(BIN)/python -m pipeline.run.notebooks

lab: .venv-lab/lab.done ## Open the notebooks in JupyterLab, in an environment of its own
	.venv-lab/bin/jupyter lab notebooks

fresh: .venv/run.done ## Fail if a committed result is stale
	@set -o pipefail; $(BIN)/dvc repro --dry --allow-missing | tee /dev/stderr \
	  | { ! grep '^Running stage' | grep -qv "'supply'"; } \
	  || { echo "A committed result is stale: make report, then commit dvc.lock"; exit 1; }

acquire: .venv/run.done ## Bring a year's sources: YEAR=2025 (CHECK=1, ACCEPT=1, ONLY=gias)
	@test -n "$(YEAR)" || { echo "Say which year: make acquire YEAR=2025"; exit 1; }
	@$(BIN)/python -m pipeline.acquire --year $(YEAR) $(if $(INTO),--into "$(INTO)") \
	  $(if $(CHECK),--check) $(if $(ACCEPT),--accept-new-version) $(foreach s,$(ONLY),--only $(s))

fuzz: .venv/test.done ## Read ten thousand spoilt files; writes reports/methods/fuzz.md
	$(BIN)/python -m tests.fuzz

calibrate: .venv/test.done ## Hold every estimator against planted truths; about three quarters of an hour
	$(BIN)/python -m tests.calibration

bench: bench-pipeline bench-reading bench-estimators ## Time everything against its named peers, as ratios

bench-pipeline: .venv/run.done ## Time the pipeline against plain papermill
	$(BIN)/python benchmarks/pipeline_runs.py $(if $(SOURCES),--sources $(SOURCES) --registers $(REGISTERS))

bench-reading: .venv/test.done ## Time the reading of tables against polars, and all of England
	PYTHONPATH=. $(BIN)/python benchmarks/read_tables.py
	PYTHONPATH=. $(BIN)/python benchmarks/all_england.py
	PYTHONPATH=. $(BIN)/python benchmarks/synthetic_england.py

bench-estimators: .venv-bench/bench.done ## Time the estimators against their peers
	for name in event_study growth two_way specification_curve matching; do \
	  PYTHONPATH=. .venv-bench/bin/python benchmarks/$$name.py || exit 1; done

lock: .venv/run.done ## Resolve the dependencies anew, with hashes and without an index name
	for name in uv run test lab bench; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header \
	    $$([ $$name = test -o $$name = lab -o $$name = bench ] && echo -c requirements/run.txt) \
	    requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean: ## Remove everything that a run makes, and the environment
	rm -rf .venv .venv-lab .venv-bench .dvc/cache .dvc/tmp data/england data/results data/panel data/estimates \
	  data/facts data/schools data/supplied.json data/quality data/improvement data/robustness data/open data/datapackage.json \
	  reports/runs reports/failed reports/rendered

# `done` files say which locks are in an environment; `test` adds its tools to `run`.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

.venv/run.done: requirements/run.txt pyproject.toml | .venv/bin/python
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $<
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.done: requirements/test.txt .venv/run.done
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@touch $@

# JupyterLab makes every notebook slower to start, so the job's environment is without it.
.venv-lab/lab.done: requirements/lab.txt .venv/run.done
	$(PYTHON) -m venv .venv-lab
	$(BIN)/uv pip install --quiet --python .venv-lab/bin/python --require-hashes -r $<
	$(BIN)/uv pip install --quiet --python .venv-lab/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv-bench/bench.done: requirements/bench.txt .venv/run.done
	$(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r $<
	@touch $@
