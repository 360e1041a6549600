# `make demo` trains a convnet on real images; `make test` runs the tests.
# Each makes its virtual environment first; nothing else has to be done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: help demo test sweep conformance browser lint format clean

help:
	@echo "make demo    train a convnet on the digits, save it, load it in a new process"
	@echo "make test    unit tests and doctests, compared with real Keras"
	@echo "make sweep   longer, exhaustive comparisons with real Keras"
	@echo "make conformance  Keras's own tests, run with torchkeras in its place"
	@echo "make lint    ruff check, ruff format --check"
	@echo "make format  let ruff write what lint asks for"
	@echo "make clean   remove the virtual environment and caches"

demo: $(READY)
	@echo "== demo: examples/digits_convnet.py"
	$(BIN)/python examples/digits_convnet.py

test: $(READY) browser
	@echo "== tests and doctests"
	$(PYTEST)

sweep: $(READY)
	@echo "== sweeps against real Keras"
	$(PYTEST) -m sweep

conformance: $(READY)
	@echo "== Keras's own tests"
	OMP_NUM_THREADS=1 $(BIN)/python conformance/run.py

# Quiver's page is tested in Debian's Chromium. Only root, as in a container, is given it unasked.
browser:
	@if command -v chromium && command -v chromedriver; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get; then \
	  echo "== installing chromium, for the tests of Quiver's page"; \
	  apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; }; \
	else echo "Without chromium and chromedriver (Debian: chromium, chromium-driver) Quiver's page cannot be tested."; fi

lint: $(READY)
	@echo "== lint"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache examples/out conformance/work

# The stamp is newer than what it was made from, so a second call installs nothing.
$(READY): requirements-test.txt pyproject.toml
	@echo "== installing into $(VENV) (once; a few minutes with an empty pip cache)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --progress-bar off --quiet -r requirements-test.txt
	$(PIP) install --progress-bar off --quiet --no-deps --editable .
	$(BIN)/python -m compileall -q torchkeras  # a third of a second at each start, where Python may not
	@touch $(READY)
