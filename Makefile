# 共诊 Gongzhen. `make` alone lists what there is. Works with GNU make 3.81 and newer; nothing here needs root.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PORT ?= 8080
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --extra local --extra clinic

.PHONY: help setup setup-dev browser run demo test e2e lint format bench docs lock clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime  ## what `run` and `demo` need, in .venv
setup-dev: $(VENV)/.dev  ## what tests and checks need besides
browser: setup-dev  ## what browser tests need besides: three npm packages; chromium, as root on Debian
	@tests/browser/install

run: setup  ## a region with the demo accounts at http://127.0.0.1:8080 (PORT=)
	@exec $(BIN)/gongzhen up --demo --port $(PORT) $(ARGS)

demo: setup  ## the main job end to end on real input, then stop
	@exec $(BIN)/gongzhen demo $(ARGS)

test: setup-dev  ## every test, against real servers it starts itself (ARGS= for pytest)
	$(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

e2e: browser  ## whole regions, from outside, by browser too
	$(PY) -m pytest tests/e2e tests/browser $(ARGS)

lint: setup-dev  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config import-contracts.toml

format: setup-dev  ## let ruff format and sort
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup-dev  ## figures of the whole chain, then against Orthanc where it is installed (ARGS= groups of these)
	$(PY) -m bench
	$(PY) -m bench.orthanc $(ARGS)

docs: setup-dev  ## write the generated pages of docs/
	$(PY) -m deploy.pages

lock:  ## resolve pyproject.toml anew into both lock files
	@test -x $(BIN)/uv || { echo "make lock needs uv in $(VENV): $(BIN)/pip install uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock

clean:  ## remove caches; .venv and .run (the data) stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Stamps: a step runs again only when its lock file or pyproject.toml has changed.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(PY)
	$(call install,requirements.lock)

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(PY)
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.runtime

define install
@echo "安装依赖 / installing $(1)"
@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
@touch $@
endef

$(PY):
	@for python in python3 python3.12 python3.11 python3.13 python3.14; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv $(VENV); \
		fi; \
	done; echo "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed" >&2; exit 1
