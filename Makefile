# Each target sets up what it needs: python3 (3.11 or newer), make and PyPI are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHAOS_TESTS ?= tests
SAIL := .sail
SPARK := .spark
PEERS := .venv-bench
PEERS_READY := $(PEERS)/.ready
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help setup demo run resume retry status report test guards test-sail test-spark lint check chaos format lock image bench clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | column -t -s "$$(printf '\t')" 2>/dev/null || grep '##' $(MAKEFILE_LIST)

setup: $(READY) ## Virtual environment .venv from the lock, with .venv/bin/li-perf

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "li_perf needs Python 3.11 or newer; name one: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "No virtual environment: on Debian, apt-get install python3-venv, then again."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## The whole run against a simulated city, offline, in under a minute
	$(BIN)/li-perf demo

run: $(READY) ## A full run of 2025 (about 50 minutes at the City's own pace)
	$(BIN)/li-perf run

resume: $(READY) ## Go on where an interrupted run stopped
	$(BIN)/li-perf resume

retry: $(READY) ## Ask the questions again that stayed without an answer
	$(BIN)/li-perf retry

status: $(READY) ## Where the run stands
	$(BIN)/li-perf status

report: $(READY) ## Rebuild the report from the store
	$(BIN)/li-perf report

test: $(READY) ## The tests, in parallel; none needs the internet
	$(BIN)/python -m pytest -n auto

guards: $(READY) ## Switch off each guard of the product in turn: its named test must fail
	CHAOS=1 $(BIN)/python -m pytest -n auto tests/chaos/test_guards.py

test-sail: $(READY) $(SAIL)/.ready ## The analysis on Sail, which speaks Spark Connect, beside DuckDB: the same rows
	PYTHONPATH=$(SAIL) $(BIN)/python -m pytest tests/spark

test-spark: $(READY) $(SPARK)/.ready ## The same on a master and a worker of Spark on this machine (needs Java 17)
	PYTHONPATH=$(SPARK) SPARK_TESTS=spark $(BIN)/python -m pytest tests/spark

$(SAIL)/.ready $(SPARK)/.ready: .%/.ready: tests/spark/%.txt | $(READY)
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target $(@D) -r $<
	@touch $@

lint: $(READY) ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test guards ## Everything that must hold at every commit

chaos: $(READY) ## Hundreds of kills, stops, power cuts and random faults, and the table of figures (half an hour)
	@figures=$$(mktemp); CHAOS=1 CHAOS_FIGURES=$$figures $(BIN)/python -m pytest -n auto --dist worksteal $(CHAOS_TESTS); code=$$?; \
	$(BIN)/python tests/chaos/table.py $$figures; rm -f $$figures; exit $$code

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Renew both locks (needs uv)
	$(LOCK) --extra speed --extra web --output-file requirements.lock pyproject.toml
	$(LOCK) --extra speed --extra web --extra dev --output-file requirements-dev.lock pyproject.toml
	$(LOCK) --output-file bench/requirements.txt bench/requirements.in
	$(LOCK) --constraint requirements-dev.lock --output-file tests/spark/sail.txt tests/spark/sail.in
	$(LOCK) --constraint requirements-dev.lock --output-file tests/spark/spark.txt tests/spark/spark.in

image: ## The container image
	docker build -t 311_li_performance .

bench: $(READY) $(PEERS_READY) ## Speed and memory beside other tools (BENCH=--quick: two minutes)
	$(BIN)/python -m bench $(BENCH)

$(PEERS_READY): bench/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.txt
	@touch $@

clean: ## Remove the virtual environment and the caches, never data/ or output/
	rm -rf $(VENV) $(PEERS) $(SAIL) $(SPARK) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
