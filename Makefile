# Two commands for a newcomer: `make demo` and `make test`. Everything lands in .venv and in the
# user's cache folder ($SUBFACE_CACHE); nothing is installed system-wide but by `make test` as root.
#
#   PYTHON=...   the interpreter to make .venv with (3.11 or newer)
#   ARGS=...     further arguments of `subface demo` or of pytest
#   WORKERS=...  processes of pytest; 0: one, where a debugger can be used

.DEFAULT_GOAL := help
.PHONY: help demo test lint lock format models models-all build-env debian-packages wheel clean distclean

BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check
LOCK := --constraint constraints.txt
ARGS ?=
# many tests wait for a stream or a broker: two at once take little more processor than one
WORKERS ?= 2

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

demo: models ## watch a sample clip, with its own broker; needs no root
	$(BIN)/subface demo $(ARGS)

# absolute: the processes that tests start elsewhere leave their part here too
test: export COVERAGE_FILE := $(CURDIR)/.coverage
test: debian-packages .venv/.dev models-all ## all tests, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --skip-empty

lint: .venv/.dev ## ruff, mypy, the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# What is downloaded comes first; only if something is then still missing must it be converted, and
# only then is .venv-build paid for.
models: GROUP := --for demo
# what needs a model hub is not among them
models-all: GROUP := --for demo --for edge-lite --for optional --for holistic --for build
models models-all: .venv/.core ## bring the models of the demo (or of the tests) into the cache
	@$(BIN)/subface models verify $(GROUP) --quiet || { \
	    echo "== models $(GROUP): bringing what is missing into the cache" && \
	    $(BIN)/subface models pull $(GROUP) --no-derive && \
	    { $(BIN)/subface models verify $(GROUP) --quiet || { \
	        $(MAKE) --no-print-directory build-env && \
	        $(BIN)/subface models pull $(GROUP); }; }; }

build-env: .venv-build/.done ## the environment that converts models: once, 2-5 minutes, 6 GB

debian-packages: ## as root: the programs that the tests run against
	@scripts/debian_packages.sh

lock: .venv/.dev ## write what is installed now into constraints.txt
	{ echo "# What is tested together; made by \`make lock\`, used by every make target."; \
	    $(BIN)/python -m pip freeze --quiet --exclude-editable --exclude pip --exclude setuptools; \
	} > constraints.txt

wheel: .venv/.dev ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove what builds and tests leave behind
	rm -rf build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache
	rm -rf .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## and the environments; the cache with the models stays
	rm -rf .venv .venv-build

.venv/.core: pyproject.toml constraints.txt
	@scripts/make_env.sh .venv
	@echo "== .venv: installing Subface (about 850 MB)"
	$(BIN)/python $(PIP) $(LOCK) --editable .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt
	@scripts/make_env.sh .venv
	@echo "== .venv: installing Subface and its development tools"
	$(BIN)/python $(PIP) $(LOCK) --editable '.[dev]'
	@touch .venv/.core $@

# Ultralytics asks for an OpenCV with windows, which needs libGL; a server has none, and the
# conversion opens no window, so there the one without takes its place.
.venv-build/.done: pyproject.toml scripts/build_requirements.py
	@scripts/make_env.sh .venv-build
	@echo "== .venv-build: torch, Ultralytics, Lightning: what converts and trains models; paid once: 2-5 minutes and 6 GB"
	.venv-build/bin/python scripts/build_requirements.py > .venv-build/requirements.txt
	.venv-build/bin/python -m pip install --disable-pip-version-check \
	    --requirement .venv-build/requirements.txt
	@.venv-build/bin/python -c 'import cv2' 2>/dev/null || { \
	    .venv-build/bin/python -m pip uninstall --quiet --yes opencv-python && \
	    .venv-build/bin/python $(PIP) opencv-python-headless; }
	@touch $@
