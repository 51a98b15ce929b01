# Two commands matter: `make demo` and `make test`. Needs Python 3.11 or newer and the package registries, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# The tests and the demo start dozens of processes of the gateway: they compile it once (git ignores __pycache__).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types imports check fuzz crash crash-long slow interop browser bench bench-smoke soak docs picture clean

demo: .venv/run
	$(BIN)/gateway demo

# Two at a time; a file stays in one process, since what is costly to start is shared by its tests, and some folders
# (tests/distribution.py).
test: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/dev
	$(BIN)/ruff format --check gateway tests
	$(BIN)/ruff check gateway tests

types: .venv/dev
	$(BIN)/mypy

imports: .venv/dev
	$(BIN)/lint-imports

check: lint types imports

# What takes its time with real processes: the tutorial, journeys and how-tos of the catalogue and of logins, starts, long
# runs of a sandbox.
slow: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile -m slow

# Other examples than the default suite's for every test of a property: FUZZ times as many, from SEED or at random.
fuzz: FUZZ ?= 20
fuzz: .venv/dev
	FUZZ=$(FUZZ) $(BIN)/pytest -n 2 --dist loadfile -m hypothesis $(if $(SEED),--hypothesis-seed=$(SEED))

crash: .venv/dev
	$(BIN)/pytest -m crash tests/crash $(CRASH)

# Fetches xmlsec1, Java and the DSS library where it may; what cannot be had is named, its tests are skipped.
interop: .venv/dev
	tests/interop/prepare build/interop
	$(BIN)/pytest -m interop tests/interop

# Fetches Debian's Chromium, Playwright and axe-core where it may; what cannot be had is named, its tests are skipped.
browser: .venv/dev
	tests/browser/prepare build/browser $(BIN)/python
	$(BIN)/pytest -m browser tests/browser

# At least 500 kills at random; takes about half an hour and writes docs/reference/reliability.md.
crash-long: KILLS ?= 500
crash-long: SEED ?= 1
crash-long: .venv/dev
	KILLS=$(KILLS) SEED=$(SEED) RELIABILITY=1 $(BIN)/pytest -m crash tests/crash/test_killed.py -k lost_or_doubled

bench: .venv/dev
	$(BIN)/python -m tests.bench.run

bench-smoke: .venv/dev
	$(BIN)/python -m tests.bench.run --quick

# Half an hour; writes docs/reference/soak.md.
soak: .venv/dev
	$(BIN)/python -m tests.bench.soak --minutes $(or $(MINUTES),30) --write

docs: .venv/dev
	$(BIN)/python -m docs.generate

# Takes docs/status-page.png from a demo; needs what the browser tests need.
picture: .venv/dev
	tests/browser/prepare build/browser $(BIN)/python
	$(BIN)/python -m tests.browser.picture

clean:
	rm -rf .venv build dist

.venv/run: requirements.lock pyproject.toml
	$(call environment,requirements.lock)
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	$(call environment,requirements-dev.lock)
	touch .venv/run $@

# uv where it is on PATH, else pip; versions and hashes come from the lock either way.
define environment
	test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
endef
