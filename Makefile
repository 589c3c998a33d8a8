# Everything from a bare checkout; only Python 3.11 or newer must be there. Another one: `make setup PYTHON=python3.13`.
#
#   make demo ARGS="--exit-after 30"            options of manage.py demo
#   make quick                                  linters, and the tests that execute what differs from main
#   make test                                   linters, checks and every test in its short form, fast ones first
#   make test PYTEST_ARGS="tests/jobs -x"       only those tests
#   make test PYTEST_ARGS="-m 'not browser'"    without a tier: races, faults, browser, slow
#   make rehearse                               the long forms: hours
#
# DATABASE_URL names a PostgreSQL of your own; without it the embedded one runs, its data in .local/.
# Some tests drive curl, Chromium, Node, Redis, PgBouncer, nginx and promtool. Where one is missing they fail and name its package; .ci/run installs them.

PYTHON ?= python3
PY := .venv/bin/python
# Each set of pins names the one below with -r: the product, the demo's, and what developing needs.
sum = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
DEMO := .venv/.demo-$(call sum,requirements.txt requirements-demo.txt)
INSTALLED := .venv/.installed-$(call sum,requirements.txt requirements-demo.txt requirements-dev.txt)
ALONE := faults and not (crash or browser)
FAULTS := tests/campaign tests/faults tests/integrations/http tests/integrations/openai tests/integrations/test_mail.py tests/demo/test_postgres_faults.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1
NODE := node_modules/.installed-$(call sum,package-lock.json)
# Tests start some hundred Python processes; without bytecode each compiles the product anew.
unexport PYTHONDONTWRITEBYTECODE

TIERS := lint check tests faults browser
CAMPAIGNS := campaign-failures campaign-jobs campaign-programs campaign-followups campaign-insights
REHEARSALS := long $(CAMPAIGNS) rehearse-release rehearse-deploy rehearse-freeze rehearse-slow mutate
RELEASE ?= $(lastword $(shell tail -n 1 deploy/RELEASES))
PYTEST := DEBUG=1 $(PY) -m pytest --durations 15 --durations-min 1

# Runs targets one after the other, whichever failed before; says how long each took, and at the end which failed.
define each
@failed=; \
for target in $(1); do \
  began=$$(date +%s); $(MAKE) --no-print-directory $$target $(2) || failed="$$failed $$target"; \
  took="$$took, $$target $$(($$(date +%s) - began)) s"; \
done; \
echo "Took:$${took#,}"; \
if [ -n "$$failed" ]; then echo "Failed:$$failed (of $(1))" >&2; exit 1; fi; echo "Passed: $(1)"
endef

.PHONY: setup demo shots quick test $(TIERS) scripts size coverage audit bench campaign rehearse $(REHEARSALS) release requirements clean
.NOTPARALLEL:

setup: $(INSTALLED)

# The stamps' names hold checksums of the pins: changed requirements are installed at the next command.
$(INSTALLED):
	$(call install,requirements-dev.txt)
	@touch $(DEMO) $@

$(DEMO):
	$(call install,requirements-demo.txt)
	@touch $@

# Compiled by all processors, and without the phone numbers' places and carriers, which nothing here asks for.
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Holdfast needs Python 3.11 or newer as '$(PYTHON)'. Name another: make setup PYTHON=python3.13" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || { rm -rf .venv; $(PYTHON) -m venv .venv; } || { rm -rf .venv; \
	  echo "'$(PYTHON) -m venv' does not work here. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -f .venv/.installed-* .venv/.demo-*
	$(PY) -m pip install --quiet --no-input --no-compile --require-hashes --requirement $(1)
	@$(PY) -m compileall -qq -j 0 -x '/(pip|setuptools|geodata|carrierdata|tzdata)/' .venv/lib || true
endef

demo: $(DEMO)
	@exec $(PY) manage.py demo $(ARGS)

# The pictures of README and docs, from the demo in a database of its own.
shots: setup
	DEBUG=1 $(PY) manage.py shell --no-imports -c "from demo import shots; shots.main()"

quick: lint
	@paths=$$($(PY) -m tests.changed) || exit 1; \
	if [ -z "$$paths" ]; then echo "No tests belong to what differs from main."; exit 0; fi; \
	$(PYTEST) -n 2 --dist worksteal -m "not (slow or faults)" $$paths

ifdef PYTEST_ARGS
test: setup
	DEBUG=1 $(PY) -m pytest $(PYTEST_ARGS)
else
test: setup
	$(call each,$(TIERS))
endif

# The tools that check the scripts in static/. They are installed once, and then need no network.
$(NODE):
	@node --test-force-exit --eval "" 2>/dev/null && command -v npm >/dev/null || { \
	  echo "Node 20.14, or 22 and newer, with npm is missing. On Debian and Ubuntu: apt-get install nodejs npm" >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

lint: setup scripts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) .venv/bin/lint-imports
	$(PY) -m tests.house.names
	DEBUG=1 $(PY) -m mypy

# The scripts in static/: format, lint, types, and their tests without a browser.
scripts: $(NODE)
	node_modules/.bin/biome check --error-on-warnings
	node_modules/.bin/tsc --project tsconfig.json
	node --test --test-force-exit --test-reporter dot tests/static/*.test.js

# The Python by room, beside the committed table (tests/house/size.txt). `make size ARGS=--write` renews the table.
size: setup
	@$(PY) -m tests.house.size $(ARGS)

# Django's own checks as production sees them, with secrets and static files made for this one run; then the migrations, and
# that each alert fires, does not fire and ends.
check: setup
	@echo "manage.py check --deploy"; static=$$(mktemp -d) && trap 'rm -rf "$$static"' EXIT && \
	env -u DEBUG -u ALLOW_LOOPBACK_PROVIDERS STATIC_ROOT="$$static" \
	  DATABASE_URL=postgres://holdfast@db.invalid/holdfast ALLOWED_HOSTS=holdfast.example \
	  PUBLIC_URL=https://holdfast.example CRON_SECRET="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  FIELD_ENCRYPTION_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	  sh -c '$(PY) manage.py collectstatic --noinput --verbosity 0 && $(PY) manage.py check --deploy --fail-level WARNING'
	DEBUG=1 $(PY) manage.py makemigrations --check --dry-run
	@command -v promtool >/dev/null || { echo "promtool is missing. On Debian and Ubuntu: apt-get install prometheus" >&2; exit 1; }
	promtool test rules deploy/prometheus/alerts_test.yml

# Two processes share the tests. Faults that keep a time come after what only computes; they wait more than they compute,
# so four processes share them. Browsers come last and by themselves: Playwright's event loop stays in the process, and
# tests that fork after it fail. Each tier reads only the folders that have some of it.
tests: setup
	$(PYTEST) -n 2 --dist worksteal --ignore tests/browser -m "not ($(ALONE) or browser)"

faults: setup
	$(PYTEST) -n 4 --maxschedchunk 1 -m "$(ALONE)" $(FAULTS)

browser: setup
	$(PYTEST) -n 2 --maxschedchunk 1 -m browser tests/browser

# Lines and branches of the product that the first tier reaches, its subprocesses included; and the map of which tests
# execute which function, by which `make quick` and `make mutate` choose (tests/map.txt: commit it). With
# ARGS="tests/jobs tests/admin/test_models.py" only these tests run, and the map keeps what it holds of all others.
coverage: setup
	@rm -f .coverage .coverage.*
	@rm -rf .local/coverage
	DEBUG=1 $(PY) -m coverage run -m pytest -p tests.recorder -q -n 2 --dist worksteal -m "not ($(ALONE) or browser)" $(ARGS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report
	$(PY) -m tests.map

# Known vulnerabilities in what is pinned. Needs an index that tells of them (PyPI's; `ARGS="-s osv"` asks osv.dev):
# a package about which none could be asked is a failure.
audit: setup
	$(PY) -m pip_audit --strict --progress-spinner off --require-hashes --disable-pip -r requirements-dev.txt $(ARGS)

bench: setup
	@for file in benchmarks/[a-z]*.py; do DEBUG=1 $(PY) -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

# The fault campaigns in their long form, each with its own count of what was lost or done twice; `make test` runs the
# short one. `make campaign ARGS=jobs` runs one; `make campaign-jobs ARGS="--kills 500"` gives one its options.
campaign: setup
	$(call each,$(if $(ARGS),$(ARGS:%=campaign-%),$(CAMPAIGNS)),ARGS=)

# campaign-failures: the predecessor's seven failures, in a control (tests/control) and in the product: one table.
campaign-failures: setup
campaign-jobs: setup
campaign-programs: setup
campaign-followups: setup
campaign-insights: setup
$(CAMPAIGNS): campaign-%:
	PATH="$$PATH:/usr/sbin:/sbin" $(PY) -m tests.campaign $* $(ARGS)

# What takes too long for each change, and runs before an issue is closed.
rehearse: setup
	$(call each,$(REHEARSALS))

# The tests that `make test` leaves out, and those that are shorter there.
long: setup
	LONG=1 $(PYTEST) -m "long or shortened"

# The release before on the schema of this one, then beside it: git's history must be there. RELEASE is any commit.
rehearse-release: setup
	$(PY) -u -m tests.rehearsals.release_before $(RELEASE) $(ARGS)

# A production installation on this machine from deploy/, upgraded and rolled back under load, and its dump restored elsewhere.
rehearse-deploy: setup
	PATH="$$PATH:/usr/sbin:/sbin" $(PY) -u -m deploy.rehearsal $(ARGS)

# PostgreSQL stopped for a minute under 40 senders, directly and behind the shipped PgBouncer.
rehearse-freeze: setup
	PATH="$$PATH:/usr/sbin:/sbin" $(PY) -u -m deploy.rehearsal.freeze $(ARGS)

# 64 slow clients behind the shipped nginx, and without a proxy.
rehearse-slow: setup
	PATH="$$PATH:/usr/sbin:/sbin" $(PY) -u -m deploy.rehearsal.slow_clients $(ARGS)

# Guards of one line, removed one by one in a copy: tests must go red for each (tests/mutation/guards.py). An hour and more;
# `make mutate ARGS=autosend` only those whose kind, file or line has these words.
mutate: setup
	$(PY) -u -m tests.mutation $(ARGS)

# Cuts a release: CHANGELOG, tag, and the line of deploy/RELEASES. NEXT is the number that comes after it.
release: setup
	deploy/release $(NEXT)

# The files of pins, made from the *.in files. Versions stay as they are: ARGS="--upgrade-package django" or --upgrade.
# A set leaves out the pins of the sets below it, and names the nearest one instead. A pin that depends on the system is
# repeated, as the larger set may need the package everywhere.
requirements: setup
	$(call compile,requirements)
	$(call compile,requirements-demo,$(call above,requirements))
	$(call compile,requirements-sentry,$(call above,requirements))
	$(call compile,requirements-dev,-c requirements-sentry.txt $(call above,requirements requirements-demo))
	sed -i '1i -r requirements.txt' requirements-demo.txt requirements-sentry.txt
	sed -i '1i -r requirements-demo.txt' requirements-dev.txt
above = $(foreach set,$(1),-c $(set).txt $$(sed -n 's/^\([a-z0-9-]*\)==[^ ]* .$$/--no-emit-package \1/p' $(set).txt))
compile = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make requirements" $(2) $(1).in --output-file $(1).txt $(ARGS)

# Removes the demo's data too.
clean:
	@if [ -x $(PY) ]; then $(PY) -m demo.postgres stop; fi
	rm -rf .venv node_modules .local .pytest_cache .ruff_cache .import_linter_cache .mypy_cache .hypothesis .coverage*
