# Everything from a bare checkout; only Python 3.11 or newer must be there. Another one: `make setup PYTHON=python3.13`.
#
#   make demo ARGS="--exit-after 30"            options of manage.py demo
#   make test                                   linters, checks and every test, fast ones first
#   make test PYTEST_ARGS="tests/jobs -x"       only those tests
#   make test PYTEST_ARGS="-m 'not browser'"    without a tier: races, faults, browser, slow
#
# DATABASE_URL names a PostgreSQL of your own; without it the embedded one runs, its data in .local/.
# Some tests drive Chromium, Redis and PgBouncer. Where one is missing they fail and name its package; .ci/run installs them.

PYTHON ?= python3
PY := .venv/bin/python
INSTALLED := .venv/.installed-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d ' ' -f 1)
ALONE := faults and not (crash or browser)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

TIERS := lint check tests faults browser
RELEASE ?= 8ee1db7

.PHONY: setup demo test $(TIERS) bench rehearse mutate campaign-jobs campaign-followups campaign-insights campaign-sends clean
.NOTPARALLEL:

setup: $(INSTALLED)

# The stamp's name holds a checksum of the pins: changed requirements are installed at the next command.
$(INSTALLED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Holdfast needs Python 3.11 or newer as '$(PYTHON)'. Name another: make setup PYTHON=python3.13" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || { rm -rf .venv; $(PYTHON) -m venv .venv; } || { rm -rf .venv; \
	  echo "'$(PYTHON) -m venv' does not work here. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PY) -m pip install --quiet --no-input --requirement requirements-dev.txt
	@rm -f .venv/.installed-* && touch $@

demo: setup
	@exec $(PY) manage.py demo $(ARGS)

# Every tier runs, whichever failed before it; the last line says which did.
ifdef PYTEST_ARGS
test: lint check
	DEBUG=1 $(PY) -m pytest $(PYTEST_ARGS)
else
test: setup
	@failed=; for tier in $(TIERS); do $(MAKE) --no-print-directory $$tier || failed="$$failed $$tier"; done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed (of $(TIERS))" >&2; exit 1; fi; echo "Passed: $(TIERS)"
endif

lint: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) .venv/bin/lint-imports

# Django's own checks as production sees them, with secrets and static files made for this one run; then the migrations.
check: setup
	@echo "manage.py check --deploy"; static=$$(mktemp -d) && trap 'rm -rf "$$static"' EXIT && \
	env -u DEBUG -u ALLOW_LOOPBACK_PROVIDERS STATIC_ROOT="$$static" \
	  DATABASE_URL=postgres://holdfast@db.invalid/holdfast ALLOWED_HOSTS=holdfast.example \
	  PUBLIC_URL=https://holdfast.example CRON_SECRET="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  FIELD_ENCRYPTION_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	  sh -c '$(PY) manage.py collectstatic --noinput --verbosity 0 && $(PY) manage.py check --deploy --fail-level WARNING'
	DEBUG=1 $(PY) manage.py makemigrations --check --dry-run

# Two processes share the tests; some faults need the machine for themselves. Browsers come last and by themselves:
# Playwright's event loop stays in the process, and tests that fork after it fail.
tests: setup
	DEBUG=1 $(PY) -m pytest -n 2 --dist worksteal -m "not ($(ALONE) or browser)"

faults: setup
	DEBUG=1 $(PY) -m pytest -m "$(ALONE)"

browser: setup
	DEBUG=1 $(PY) -m pytest -n 2 --dist worksteal -m browser

bench: setup
	@for file in $$(ls benchmarks/[a-z]*.py | grep -v campaign_); do DEBUG=1 $(PY) -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

# The release before on the schema of this one, then beside it: git's history must be there. RELEASE is any commit.
rehearse: setup
	$(PY) -u -m tests.rehearsals.release_before $(RELEASE) $(ARGS)

# Guards of one line, removed one by one in a copy: tests must go red for each (tests/mutation/guards.py). An hour and more;
# `make mutate ARGS=autosend` only those whose kind, file or line has these words.
mutate: setup
	$(PY) -u -m tests.mutation $(ARGS)

# The fault campaigns in their long form; `make test` runs the short one.
campaign-jobs: setup
	$(PY) -m tests.faults.jobs.campaign --jobs 5000 --kills 200 --restarts 20 --seconds 400 $(ARGS)

campaign-sends: setup
	DEBUG=1 $(PY) -m benchmarks.campaign_sends $(ARGS)

campaign-followups: setup
	DEBUG=1 $(PY) -m benchmarks.campaign_followups $(ARGS)

campaign-insights: setup
	$(PY) -m tests.faults.insights.campaign --packs 30 --threads 60 --latency-ms 2000 --restarts 2 --seconds 1200 $(ARGS)

# Removes the demo's data too.
clean:
	@if [ -x $(PY) ]; then $(PY) -m config.postgres stop; fi
	rm -rf .venv .local .pytest_cache .ruff_cache .import_linter_cache .hypothesis
