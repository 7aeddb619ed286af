# `make help` lists the targets. You need Python 3.11 or later. The targets install everything else
# into .venv.
PYTHON ?= python3

SHELL := /bin/sh
.SHELLFLAGS := -ec
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
NODE_BIN := tools/node_modules/.bin
# With this, tools that call other tools find the pinned ones.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Install packages. The output of pip goes to a file. A failure prints one line.
INSTALL = $(BIN)/python -m pip install --quiet --retries 2
LOGGED = >$(VENV)/install.log 2>&1 || { \
	echo "make: could not install packages (is there a network?); see $(VENV)/install.log" >&2; \
	exit 1; }

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

# --- environments: created on first use, updated when the pins change -----------------------------

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make: '$(PYTHON)' is not Python 3.11 or later; set another, for example PYTHON=python3.12" >&2; exit 1; }
	@echo "Creating the environment in $(VENV) (once, takes about a minute)" >&2
	@$(PYTHON) -m venv --clear $(VENV) || { \
		echo "make: $(PYTHON) cannot create environments; install its venv module" >&2; exit 1; }
	@$(INSTALL) --constraint constraints.txt pip $(LOGGED)
	@touch $@

$(VENV)/run: pyproject.toml constraints.txt | $(VENV)/made
	@$(INSTALL) --constraint constraints.txt --editable '.[aiohttp,cli,sandbox]' $(LOGGED)
	@touch $@

$(VENV)/dev: $(VENV)/run
	@echo "Installing the development tools into $(VENV) (once, takes a minute or two)" >&2
	@$(INSTALL) --constraint constraints.txt --editable '.[keyring,pandas,polars,socks]' --group dev $(LOGGED)
	@touch $@

$(VENV)/docs: $(VENV)/run
	@$(INSTALL) --constraint constraints.txt --group docs $(LOGGED)
	@touch $@

$(VENV)/node: tools/package.json tools/package-lock.json | $(VENV)/dev
	@cd tools && npm ci --silent --no-audit --no-fund >../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install the linters (is there a network?); see $(VENV)/install.log" >&2; exit 1; }
	@touch $@

$(VENV)/generator: $(VENV)/dev
	@echo "Installing openapi-generator into $(VENV) (once)" >&2
	@$(INSTALL) --constraint constraints.txt --group languages $(LOGGED)
	@touch $@

$(VENV)/mutation: $(VENV)/dev
	@$(INSTALL) --constraint constraints.txt --group mutation $(LOGGED)
	@touch $@

# Java and the other toolchains must be on the machine. `make toolchains` installs Debian's.
$(VENV)/languages: languages/referee/package-lock.json $(VENV)/node $(VENV)/generator
	@cd languages/referee && npm ci --silent --ignore-scripts --no-audit --no-fund >../../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install Prism (is there a network?); see $(VENV)/install.log" >&2; exit 1; }
	@touch $@

.tools/oasdiff: Makefile
	@command -v go >/dev/null || { echo "make: Go is missing, which is needed to build oasdiff" >&2; exit 1; }
	@echo "Building oasdiff (once)" >&2
	@mkdir -p .tools
	@GOBIN=$(CURDIR)/.tools GOFLAGS=-mod=mod go install github.com/oasdiff/oasdiff@v1.36.0 >.tools/install.log 2>&1 || { \
		echo "make: could not build oasdiff (is there a network?); see .tools/install.log" >&2; exit 1; }
	@touch $@

# --- use ------------------------------------------------------------------------------------------

PORT ?= 0
.PHONY: demo
demo: $(VENV)/run ## list the invoices of a demo account in a sandbox on this machine (PORT=...)
	@$(BIN)/python -m finerworks.sandbox --port $(PORT) -- $(BIN)/python examples/list_invoices.py
	@echo
	@echo "With your own keys: FINERWORKS_WEB_API_KEY=... FINERWORKS_APP_KEY=... $(BIN)/python examples/list_invoices.py"

.PHONY: sandbox
sandbox: $(VENV)/run ## run the sandbox until Ctrl-C; its page /ui lets you try the API (PORT=8765, ARGS=...)
	@$(BIN)/python -m finerworks.sandbox $(if $(filter file,$(origin PORT)),,--port $(PORT)) $(ARGS)

# --- the contract and the code generated from it ---------------------------------------------------

GENERATE = $(BIN)/openapi-python-client generate --path openapi.yaml --config generator-config.yaml \
	--custom-template-path overlays/templates --meta none --fail-on-warning --output-path

.PHONY: regenerate
regenerate: $(VENV)/dev ## generate generated/finerworks_client from openapi.yaml
	@rm -rf .generated && mkdir .generated
	@$(GENERATE) .generated/finerworks_client
	@rm -rf generated/finerworks_client && mkdir -p generated
	@mv .generated/finerworks_client generated/ && rmdir .generated

.PHONY: check-generated
check-generated: $(VENV)/dev ## check that generated/ matches openapi.yaml
	@rm -rf .generated && mkdir .generated
	@$(GENERATE) .generated/finerworks_client
	@diff -r -N -u --exclude=__pycache__ generated .generated || { \
		echo "make: generated/ does not match openapi.yaml: run 'make regenerate'" >&2; exit 1; }
	@rm -rf .generated
	@if [ -e .git ]; then drift=$$(git status --porcelain --untracked-files=all -- generated); \
		[ -z "$$drift" ] || { echo "$$drift"; echo "make: generated/ matches openapi.yaml but is not committed: commit it" >&2; exit 1; }; fi
	@echo "generated/ matches openapi.yaml"

.PHONY: lint-spec
lint-spec: $(VENV)/node ## check openapi.yaml with Redocly, Spectral and openapi-spec-validator
	$(BIN)/openapi-spec-validator openapi.yaml
	$(NODE_BIN)/redocly lint --config tools/redocly.yaml openapi.yaml
	$(NODE_BIN)/spectral lint --ruleset tools/spectral.yaml --fail-severity hint openapi.yaml

.PHONY: spec
spec: $(VENV)/node ## write openapi.yaml as dist/openapi.json, for tools that read only JSON
	@mkdir -p dist .tools
	@$(NODE_BIN)/redocly bundle --config tools/redocly.yaml openapi.yaml --output dist/openapi.json >.tools/redocly.log 2>&1 || { cat .tools/redocly.log >&2; exit 1; }
	@$(BIN)/python tools/spec.py same dist/openapi.json
	@$(BIN)/openapi-spec-validator dist/openapi.json

.PHONY: spec-diff
spec-diff: $(VENV)/dev .tools/oasdiff ## compare openapi.yaml with an earlier version (BASE=...)
	@$(BIN)/python tools/spec.py diff $(if $(BASE),--base $(BASE))

# --- documentation --------------------------------------------------------------------------------

SITE := .site
DOCS_PORT := $(or $(filter-out 0,$(PORT)),8000)
DOCS_SOURCE := .tools/docs
# Not --quiet, which would hide warnings from --strict. The variable hides the theme's note about MkDocs 2.
PROPERDOCS = NO_MKDOCS_2_WARNING=1 PYTHONPATH=tools/docs $(BIN)/python -m properdocs

.PHONY: docs
docs: $(VENV)/docs ## build the documentation in .site/ (fails on warnings)
	@$(BIN)/python tools/docs/assemble.py $(DOCS_SOURCE)
	@$(PROPERDOCS) build --strict --site-dir $(abspath $(SITE))
	@$(BIN)/python tools/docs/for_machines.py $(DOCS_SOURCE) $(abspath $(SITE))

.PHONY: docs-serve
docs-serve: $(VENV)/docs ## serve the documentation until Ctrl-C (PORT=8000)
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(DOCS_PORT)))' 2>/dev/null || { \
		echo "make: port $(DOCS_PORT) is in use; set another, for example PORT=8001" >&2; exit 1; }
	@echo "The documentation will be at http://127.0.0.1:$(DOCS_PORT)/ in a few seconds. Ctrl-C stops it."
	@echo "To try the API in a browser, run 'make sandbox' too, and open http://127.0.0.1:8765/ui"
	@$(BIN)/python tools/docs/assemble.py $(DOCS_SOURCE)
	@$(PROPERDOCS) serve --strict --livereload --dev-addr 127.0.0.1:$(DOCS_PORT)

# --- other languages ------------------------------------------------------------------------------

.PHONY: languages
languages: $(VENV)/languages ## test the client of each language (REQUIRE=all fails if one is missing)
	@$(BIN)/python languages/run.py --require "$(REQUIRE)" $(if $(WRITE),--write)

language-%: $(VENV)/languages
	@$(BIN)/python languages/run.py --require "$(REQUIRE)" $*

DEBIAN := curl groff-base hledger jq ledger mandoc openssl php-cli php-curl php-guzzlehttp-guzzle ruby ruby-faraday ruby-marcel chromium mono-mcs mono-runtime \
	$(patsubst %,libmono-system-%4.0-cil,componentmodel-dataannotations data net-http runtime-serialization)
.PHONY: toolchains
toolchains: ## install the Debian packages that languages and tests need (as root)
	@apt-get update -qq
	@DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(DEBIAN) >/dev/null || \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(DEBIAN) >/dev/null

# --- benchmarks -----------------------------------------------------------------------------------

BENCH := benchmarks/build
environments = $(patsubst %,$(BENCH)/%/made,$(1))

# The environment of a peer has exactly the packages that its list pins.
$(BENCH)/%/made: benchmarks/requirements/%.txt | $(VENV)/made
	@echo "Creating the environment in $(@D) (once)" >&2
	@mkdir -p $(BENCH)
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python install --quiet --retries 2 --no-deps --requirement $< $(LOGGED)
	@$(BIN)/python -m pip --python $(@D)/bin/python check $(LOGGED)
	@touch $@

# Without Java, these are skipped, and so are their benchmarks.
$(BENCH)/clients/made: openapi.yaml $(VENV)/generator
	@rm -rf $(@D) && mkdir -p $(@D)
	@! command -v java >/dev/null || { for library in urllib3 httpx; do \
		JAVA_OPTS=-XX:TieredStopAtLevel=1 $(BIN)/openapi-generator-cli generate --input-spec openapi.yaml \
			--generator-name python --library $$library --output $(@D)/$$library \
			--additional-properties packageName=openapi_generator_$$library \
			--global-property apiTests=false,modelTests=false,apiDocs=false,modelDocs=false >$(@D)/log 2>&1 || { \
				echo "make: openapi-generator failed; see $(@D)/log" >&2; exit 1; }; done; touch $@; }

$(BENCH)/node: benchmarks/node/package.json benchmarks/node/package-lock.json | $(VENV)/dev
	@mkdir -p $(BENCH)
	@cd benchmarks/node && npm ci --silent --ignore-scripts --no-audit --no-fund >../../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install openapi-fetch (is there a network?); see $(VENV)/install.log" >&2; exit 1; }
	@touch $@

BENCHED := $(call environments,$(basename $(notdir $(wildcard benchmarks/requirements/*.txt))))
.PHONY: bench
bench: $(VENV)/dev $(BENCH)/node $(BENCH)/clients/made $(BENCHED) ## measure the SDK and its peers, and update benchmarks/ (takes 7 minutes)
	@$(BIN)/python -m benchmarks.run $(ARGS)

.PHONY: bench-quick
bench-quick: $(VENV)/run $(call environments,httpx finerworks finerworks-aiohttp) ## print the main ratios with their goals (takes a minute)
	@$(BIN)/python -m benchmarks.run --quick $(ARGS)

# --- the man page ---------------------------------------------------------------------------------

.PHONY: man
man: $(VENV)/dev ## write docs/finerworks.1 from the help of the command
	@$(BIN)/python tools/manpage.py

# --- pictures -------------------------------------------------------------------------------------

.PHONY: pictures
pictures: $(VENV)/dev ## update the screenshots in the README (needs Chromium)
	@$(BIN)/python tools/pictures.py

# --- checks ---------------------------------------------------------------------------------------

# The tests of a file run in order in one process, because they share a server, a browser or a copy of the project.
JOBS ?= auto
SLOW := tests/project/test_docs_site.py tests/project/test_another_endpoint.py
APART := tests/wheel $(SLOW)
.PHONY: test
test: $(VENV)/dev ## run the tests in parallel, with coverage (ARGS=... selects tests, JOBS=...)
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),$(addprefix --ignore=,$(APART)) \
		--numprocesses=$(JOBS) --dist=loadfile --cov --cov-report=term)

.PHONY: test-site
test-site: $(VENV)/node ## run the slow tests: the documentation's site in Chromium, and adding an endpoint
	$(BIN)/python -m pytest $(SLOW)

# In a separate folder, so that the other tests never find httpx2.
.tools/httpx2/made: pyproject.toml constraints.txt | $(VENV)/dev
	@echo "Installing httpx2 in $(@D) (once)" >&2
	@rm -rf $(@D)
	@$(INSTALL) --constraint constraints.txt --target $(@D) --group httpx2 $(LOGGED)
	@touch $@

WITH_HTTPX2 = PYTHONPATH=$(CURDIR)/.tools/httpx2:$(CURDIR)/tests/support/with_httpx2
# pytest cannot rewrite the assertions of anyio, which is imported before pytest starts.
IGNORE_HTTPX2 = -W "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
.PHONY: test-httpx2
test-httpx2: $(VENV)/dev .tools/httpx2/made ## run the core's tests with httpx2 instead of httpx (ARGS=... selects tests)
	$(WITH_HTTPX2) $(BIN)/python -m pytest $(IGNORE_HTTPX2) \
		$(if $(ARGS),$(ARGS),--numprocesses=$(JOBS) --dist=loadfile tests/core)

# The oldest version that pyproject.toml allows. The other tests run with the newest.
.tools/dotenv/made: pyproject.toml | $(VENV)/dev
	@echo "Installing the oldest python-dotenv in $(@D) (once)" >&2
	@rm -rf $(@D)
	@$(INSTALL) --no-deps --target $(@D) python-dotenv==1.0.0 $(LOGGED)
	@touch $@

.PHONY: test-dotenv
test-dotenv: $(VENV)/dev .tools/dotenv/made ## test --env-file with the oldest supported python-dotenv
	PYTHONPATH=$(CURDIR)/.tools/dotenv $(BIN)/python -m pytest tests/cli/test_env_file.py

.PHONY: faults
faults: $(VENV)/dev ## simulate every network fault, and write docs/faults.md
	@WRITE_FAULTS=1 $(BIN)/python -m pytest --quiet tests/core/test_faults.py

.PHONY: test-busy
test-busy: $(VENV)/dev ## run the tests of the core and the command ten times, next to eight busy processes (takes an hour or two)
	$(BIN)/python tools/busy.py $(ARGS)

FUZZ = $(BIN)/python -m pytest --hypothesis-profile=fuzz -o faulthandler_timeout=3600
FUZZ_CLIENT := tests/contract/test_fuzz.py
# The values of TRANSPORT. Each except httpx2 is a part of test names, and selects these tests with -k.
TRANSPORTS := mock httpx_sync httpx_async aiohttp httpx2
.PHONY: fuzz
fuzz: $(VENV)/dev ## run each property test on 10,000 examples (takes an hour; TRANSPORT=... selects a transport of the client, ARGS=...)
	@case " all $(TRANSPORTS) " in *" $(or $(TRANSPORT),all) "*) ;; *) \
		echo "make: TRANSPORT must be one of: $(TRANSPORTS)" >&2; exit 1;; esac
ifeq ($(or $(TRANSPORT),all),all)
	$(FUZZ) $(if $(ARGS),$(ARGS),$(wildcard tests/*/test_fuzz*.py) tests/core/test_listing_histories.py)
	@$(if $(ARGS),,$(MAKE) fuzz TRANSPORT=httpx2)
else ifeq ($(TRANSPORT),httpx2)
	@$(MAKE) .tools/httpx2/made
	$(WITH_HTTPX2) $(FUZZ) $(IGNORE_HTTPX2) $(FUZZ_CLIENT) -k httpx $(ARGS)
else
	$(FUZZ) $(FUZZ_CLIENT) -k $(TRANSPORT) $(ARGS)
endif

.PHONY: mutation
mutation: $(VENV)/mutation ## change the core in 300 places, one at a time, and check that a test fails (takes hours; ARGS=--fresh)
	@nice -n 10 $(BIN)/python tools/mutation/run.py $(ARGS)

.PHONY: lint
lint: $(VENV)/node style lint-spec lint-workflows ## check style, types, imports, the contract and the workflows
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(NODE_BIN)/pyright --project pyproject.toml --warnings

.PHONY: style
style: $(VENV)/dev ## check only the style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: lint-workflows
lint-workflows: $(VENV)/dev ## check the workflows and the Dockerfile of the sandbox
	$(BIN)/zizmor --offline --quiet --strict-collection .github .pre-commit-config.yaml
	$(BIN)/hadolint tools/sandbox.Dockerfile

.PHONY: hooks
hooks: $(VENV)/dev ## install git hooks: style before a commit, generated/ before a push
	@$(BIN)/pre-commit install

.PHONY: readable
readable: $(VENV)/dev ## print how dense the code is, compared with code that is easy to read
	@$(BIN)/python tools/readable.py

.PHONY: format
format: $(VENV)/dev ## format the code, and apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# --- the distribution -----------------------------------------------------------------------------

.PHONY: build
build: $(VENV)/dev ## build the wheel and the sdist in dist/, and test the wheel
	@rm -f dist/*.whl dist/*.tar.gz
	$(BIN)/python -m build
	$(BIN)/python -m pytest -o faulthandler_timeout=3600 tests/wheel

COMPILE = $(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --no-emit-index-url --python-version 3.11
.PHONY: lock
lock: $(VENV)/dev ## update the versions in constraints.txt
	@$(INSTALL) --group lock $(LOGGED)
	$(COMPILE) --all-extras --group dev --group languages --group httpx2 --group mutation pyproject.toml --output-file constraints.txt
	@for list in benchmarks/requirements/*.in; do \
		$(COMPILE) --constraint constraints.txt $$list --output-file $${list%.in}.txt; done
	@echo "pip==$$($(BIN)/python -c 'import pip; print(pip.__version__)')" >> constraints.txt

.PHONY: clean
clean: ## remove environments, caches and builds
	rm -rf $(VENV) .generated .site dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tools/node_modules .tools
	rm -rf languages/*/build languages/*/node_modules benchmarks/build benchmarks/node/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
