# What people and CI run. `make help` lists the targets.
.DEFAULT_GOAL := help
# the first of these that runs and is new enough (a name may exist and not run: pyenv has such)
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SHORTCUTS := ENABLE_QUALITY_FILTERING=1 ENABLE_CONTENT_ROUTING=1 ENABLE_EARLY_EXIT=1 ENABLE_DASHBOARD_METRICS=1

.PHONY: help run install install-dev test check format generate bench soak up down logs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## process samples/ with all shortcuts on, show what they saved, serve http://localhost:8000 until Ctrl-C
	@$(SHORTCUTS) $(BIN)/pipemeter run samples --serve --port $(PORT) $(ARGS) || [ $$? -eq 3 ]

install: $(VENV)/.installed ## make .venv and install pipemeter into it

install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml setup.py
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.11 or newer is needed and was not found; name it with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is not" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { \
	  rm -rf $(VENV); echo "no virtual environment could be made; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) (about 800 MB, a minute or two) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[pipeline]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check --group dev
	@touch $@

test: install-dev ## run the tests on all cores, with coverage
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)

check: install-dev ## format, lint, types, generated files, compiled rules with their tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pipemeter compile --check
	$(BIN)/python -m tools.check_rules

format: install-dev ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: install-dev ## write everything generated anew: rules, routes, runbooks, dashboards, docs/reference
	$(BIN)/pipemeter compile

bench: install-dev ## print the benchmarks (minutes; each measures a peer in the same run)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --group bench
	$(BIN)/python -m bench.overhead
	$(BIN)/python -m bench.quality.run
	$(BIN)/python -m bench.savings
	$(BIN)/python -m bench.scrape
	$(BIN)/python -m bench.coverage --seeds 100
	@if command -v promtool >/dev/null; then \
	  $(BIN)/python -m bench.queries --spacing 3600 && $(BIN)/python -m bench.dashboards; else \
	  echo "bench.queries and bench.dashboards need promtool; on Debian and Ubuntu: sudo apt install prometheus" >&2; fi
	@command -v prometheus-pushgateway >/dev/null || \
	  echo "bench.ingest compares with Pushgateway; on Debian and Ubuntu: sudo apt install prometheus-pushgateway" >&2
	$(BIN)/python -m bench.ingest

soak: install-dev ## ten minutes of mixed load with the exporter killed every 20 s: nothing may be lost
	$(BIN)/python -m bench.soak

up: ## exporter, demo, Prometheus, Alertmanager and Grafana in Docker; prints where they are
	@docker/compose up

down: ## stop them; what they have collected stays (docs/compose.md says how to remove it)
	@docker/compose down

logs: ## follow what they say
	@docker/compose logs

UV_COMPILE = $(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --no-annotate --custom-compile-command "make lock"

lock: install-dev ## pin anew what the images are made of (docker/*.txt)
	$(UV_COMPILE) $(ARGS) --extra pipeline pyproject.toml -o docker/transcription.txt
	$(UV_COMPILE) $(ARGS) -c docker/transcription.txt pyproject.toml -o docker/exporter.txt

clean: ## remove what was installed and built
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
