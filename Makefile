# Every target, one line of help each: `make help`. Needs Python 3.11 or later; all else is installed
# into .venv by the targets themselves.
PYTHON ?= python3

SHELL := /bin/sh
.SHELLFLAGS := -ec
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
NODE_BIN := tools/node_modules/.bin
# Tools find each other, and the pinned ruff, through the environment alone.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Install, keep what pip says in a file, and on failure say one line.
INSTALL = $(BIN)/python -m pip install --quiet --retries 2
LOGGED = >$(VENV)/install.log 2>&1 || { \
	echo "make: could not install the packages needed (is there a network?); details: $(VENV)/install.log" >&2; \
	exit 1; }

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

# --- environments: made on first use, made again when the pins change -----------------------------

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make: needs Python 3.11 or later as '$(PYTHON)'; name another with PYTHON=python3.12" >&2; exit 1; }
	@echo "Making the environment in $(VENV) (once)" >&2
	@$(PYTHON) -m venv --clear $(VENV) || { \
		echo "make: $(PYTHON) cannot make environments; install its venv module" >&2; exit 1; }
	@$(INSTALL) --constraint constraints.txt pip $(LOGGED)
	@touch $@

$(VENV)/run: pyproject.toml constraints.txt | $(VENV)/made
	@$(INSTALL) --constraint constraints.txt --editable '.[aiohttp,cli,sandbox]' $(LOGGED)
	@touch $@

$(VENV)/dev: $(VENV)/run
	@echo "Adding the development tools to $(VENV) (once)" >&2
	@$(INSTALL) --constraint constraints.txt --editable '.[pandas,polars]' --group dev $(LOGGED)
	@touch $@

$(VENV)/docs: $(VENV)/run
	@$(INSTALL) --constraint constraints.txt --group docs $(LOGGED)
	@touch $@

$(VENV)/node: tools/package.json tools/package-lock.json | $(VENV)/dev
	@cd tools && npm ci --silent --no-audit --no-fund >../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install the linters (is there a network?); details: $(VENV)/install.log" >&2; exit 1; }
	@touch $@

$(VENV)/generator: $(VENV)/dev
	@echo "Adding openapi-generator to $(VENV) (once)" >&2
	@$(INSTALL) --constraint constraints.txt --group languages $(LOGGED)
	@touch $@

# Java, and what else a language needs, is the machine's: `make toolchains` brings Debian's.
$(VENV)/languages: languages/referee/package-lock.json $(VENV)/node $(VENV)/generator
	@cd languages/referee && npm ci --silent --ignore-scripts --no-audit --no-fund >../../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install Prism (is there a network?); details: $(VENV)/install.log" >&2; exit 1; }
	@touch $@

.tools/oasdiff: Makefile
	@command -v go >/dev/null || { echo "make: comparing contracts needs oasdiff, and building that needs Go" >&2; exit 1; }
	@echo "Building oasdiff (once)" >&2
	@mkdir -p .tools
	@GOBIN=$(CURDIR)/.tools GOFLAGS=-mod=mod go install github.com/oasdiff/oasdiff@v1.36.0 >.tools/install.log 2>&1 || { \
		echo "make: could not build oasdiff (is there a network?); details: .tools/install.log" >&2; exit 1; }
	@touch $@

# --- use ------------------------------------------------------------------------------------------

PORT ?= 0
.PHONY: demo
demo: $(VENV)/run ## list every invoice of a demo account, from a sandbox on this machine (PORT=...)
	@$(BIN)/python -m finerworks.sandbox --port $(PORT) -- $(BIN)/python examples/list_invoices.py
	@echo
	@echo "With keys of your own: FINERWORKS_WEB_API_KEY=... FINERWORKS_APP_KEY=... $(BIN)/python examples/list_invoices.py"

.PHONY: sandbox
sandbox: $(VENV)/run ## run the sandbox until Ctrl-C, with a page to try the API on at /ui
	@$(BIN)/python -m finerworks.sandbox $(ARGS)

# --- the contract and what is generated from it ---------------------------------------------------

GENERATE = $(BIN)/openapi-python-client generate --path openapi.yaml --config generator-config.yaml \
	--custom-template-path overlays/templates --meta none --fail-on-warning --output-path

.PHONY: regenerate
regenerate: $(VENV)/dev ## make generated/finerworks_client again from openapi.yaml
	@rm -rf .generated && mkdir .generated
	@$(GENERATE) .generated/finerworks_client
	@rm -rf generated/finerworks_client && mkdir -p generated
	@mv .generated/finerworks_client generated/ && rmdir .generated

.PHONY: check-generated
check-generated: $(VENV)/dev ## show where generated/ is not what openapi.yaml makes of it
	@rm -rf .generated && mkdir .generated
	@$(GENERATE) .generated/finerworks_client
	@diff -r -N -u --exclude=__pycache__ generated .generated || { \
		echo "make: generated/ is not what openapi.yaml makes of it: run 'make regenerate'" >&2; exit 1; }
	@rm -rf .generated
	@if [ -e .git ]; then drift=$$(git status --porcelain --untracked-files=all -- generated); \
		[ -z "$$drift" ] || { echo "$$drift"; echo "make: generated/ is right, and not committed: commit it" >&2; exit 1; }; fi
	@echo "generated/ is what openapi.yaml makes of it"

.PHONY: lint-spec
lint-spec: $(VENV)/node ## check openapi.yaml with Redocly, Spectral and openapi-spec-validator
	$(BIN)/openapi-spec-validator openapi.yaml
	$(NODE_BIN)/redocly lint --config tools/redocly.yaml openapi.yaml
	$(NODE_BIN)/spectral lint --ruleset tools/spectral.yaml --fail-severity hint openapi.yaml

.PHONY: spec
spec: $(VENV)/node ## bundle openapi.yaml as dist/openapi.json, for tools that read JSON alone
	@mkdir -p dist .tools
	@$(NODE_BIN)/redocly bundle --config tools/redocly.yaml openapi.yaml --output dist/openapi.json >.tools/redocly.log 2>&1 || { cat .tools/redocly.log >&2; exit 1; }
	@$(BIN)/python tools/spec.py same dist/openapi.json
	@$(BIN)/openapi-spec-validator dist/openapi.json

.PHONY: spec-diff
spec-diff: $(VENV)/dev .tools/oasdiff ## say whether openapi.yaml breaks clients of an earlier one (BASE=..., or the last published)
	@$(BIN)/python tools/spec.py diff $(if $(BASE),--base $(BASE))

# --- documentation --------------------------------------------------------------------------------

SITE := .site
DOCS_PORT := $(or $(filter-out 0,$(PORT)),8000)
# Not --quiet: warnings would pass then. The variable is for a word on MkDocs 2, which the pins keep away.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs

.PHONY: docs
docs: $(VENV)/docs ## build the documentation in .site/; a warning fails it
	@$(MKDOCS) build --strict --site-dir $(abspath $(SITE))

.PHONY: docs-serve
docs-serve: $(VENV)/docs ## serve the documentation until Ctrl-C, built anew at each change (PORT=8000)
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(DOCS_PORT)))' 2>/dev/null || { \
		echo "make: port $(DOCS_PORT) is taken; name another with PORT=8001" >&2; exit 1; }
	@echo "The documentation will be at http://127.0.0.1:$(DOCS_PORT)/ in some seconds. Ctrl-C stops it."
	@echo "With 'make sandbox' beside it, try the API in a browser: http://127.0.0.1:8765/ui"
	@$(MKDOCS) serve --strict --livereload --dev-addr 127.0.0.1:$(DOCS_PORT)

# --- other languages ------------------------------------------------------------------------------

.PHONY: languages
languages: $(VENV)/languages ## list the same invoices by a client of each language (REQUIRE=all: none may be missing)
	@$(BIN)/python languages/run.py --require "$(REQUIRE)" $(if $(WRITE),--write)

language-%: $(VENV)/languages
	@$(BIN)/python languages/run.py --require "$(REQUIRE)" $*

DEBIAN := curl jq php-cli php-curl php-guzzlehttp-guzzle ruby ruby-faraday ruby-marcel chromium mono-mcs mono-runtime \
	$(patsubst %,libmono-system-%4.0-cil,componentmodel-dataannotations data net-http runtime-serialization)
.PHONY: toolchains
toolchains: ## install what the languages need of Debian's packages (as root)
	@apt-get update -qq
	@DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(DEBIAN) >/dev/null || \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(DEBIAN) >/dev/null

# --- benchmarks -----------------------------------------------------------------------------------

BENCH := benchmarks/build
environments = $(patsubst %,$(BENCH)/%/made,$(1))

# A peer's environment has what its list of pins names, and nothing else.
$(BENCH)/%/made: benchmarks/requirements/%.txt | $(VENV)/made
	@echo "Making the environment in $(@D) (once)" >&2
	@mkdir -p $(BENCH)
	@$(BIN)/python -m venv --clear --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python install --quiet --retries 2 --no-deps --requirement $< $(LOGGED)
	@$(BIN)/python -m pip --python $(@D)/bin/python check $(LOGGED)
	@touch $@

# Without Java they are not made, and the benchmarks go on without them.
$(BENCH)/clients/made: openapi.yaml $(VENV)/generator
	@rm -rf $(@D) && mkdir -p $(@D)
	@! command -v java >/dev/null || { for library in urllib3 httpx; do \
		JAVA_OPTS=-XX:TieredStopAtLevel=1 $(BIN)/openapi-generator-cli generate --input-spec openapi.yaml \
			--generator-name python --library $$library --output $(@D)/$$library \
			--additional-properties packageName=openapi_generator_$$library \
			--global-property apiTests=false,modelTests=false,apiDocs=false,modelDocs=false >$(@D)/log 2>&1 || { \
				echo "make: openapi-generator failed: $(@D)/log says why" >&2; exit 1; }; done; touch $@; }

$(BENCH)/node: benchmarks/node/package.json benchmarks/node/package-lock.json | $(VENV)/dev
	@mkdir -p $(BENCH)
	@cd benchmarks/node && npm ci --silent --ignore-scripts --no-audit --no-fund >../../$(VENV)/install.log 2>&1 || { \
		echo "make: could not install openapi-fetch (is there a network?); details: $(VENV)/install.log" >&2; exit 1; }
	@touch $@

BENCHED := $(call environments,$(basename $(notdir $(wildcard benchmarks/requirements/*.txt))))
.PHONY: bench
bench: $(VENV)/dev $(BENCH)/node $(BENCH)/clients/made $(BENCHED) ## measure the SDK beside its peers, and write what came of it to benchmarks/ (seven minutes)
	@$(BIN)/python -m benchmarks.run $(ARGS)

.PHONY: bench-quick
bench-quick: $(VENV)/run $(call environments,httpx finerworks finerworks-aiohttp) ## print the main ratios as `name ratio goal`, and fail where a goal is missed (a minute)
	@$(BIN)/python -m benchmarks.run --quick $(ARGS)

# --- pictures -------------------------------------------------------------------------------------

.PHONY: pictures
pictures: $(VENV)/dev ## take README's pictures of the command and the report anew (needs Chromium)
	@$(BIN)/python tools/pictures.py

# --- checks ---------------------------------------------------------------------------------------

# A file's tests run in one process, in their order: they share a server, a browser, a copy of the project.
JOBS ?= auto
APART := tests/wheel tests/project/test_docs_site.py
.PHONY: test
test: $(VENV)/dev ## run the tests side by side, and show what of overlays/ they reach (ARGS=... for some, JOBS=...)
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),$(addprefix --ignore=,$(APART)) \
		--numprocesses=$(JOBS) --dist=loadfile --cov --cov-report=term)

.PHONY: test-site
test-site: $(VENV)/dev ## build the documentation's site, and test each page in Chromium
	$(BIN)/python -m pytest tests/project/test_docs_site.py

.PHONY: faults
faults: $(VENV)/dev ## break the wire in every way that is known, and write docs/faults.md from what came of it
	@WRITE_FAULTS=1 $(BIN)/python -m pytest --quiet tests/core/test_faults.py

.PHONY: fuzz
fuzz: $(VENV)/dev ## try the client on 10,000 made-up answers a test, the sandbox on as many requests (half an hour)
	$(BIN)/python -m pytest --hypothesis-profile=fuzz -o faulthandler_timeout=3600 \
		$(if $(ARGS),$(ARGS),$(wildcard tests/*/test_fuzz*.py) tests/core/test_listing_histories.py)

.PHONY: lint
lint: $(VENV)/node style lint-spec lint-workflows ## check style, types, the house's borders, the contract and the workflows
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(NODE_BIN)/pyright --project pyproject.toml --warnings

.PHONY: style
style: $(VENV)/dev ## check style alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: lint-workflows
lint-workflows: $(VENV)/dev ## check the workflows and the sandbox's image
	$(BIN)/zizmor --offline --quiet --strict-collection .github .pre-commit-config.yaml
	$(BIN)/hadolint tools/sandbox.Dockerfile

.PHONY: hooks
hooks: $(VENV)/dev ## let git check style before each commit, and generated/ before each push
	@$(BIN)/pre-commit install

.PHONY: readable
readable: $(VENV)/dev ## print how dense the code is, beside code that is easy to read
	@$(BIN)/python tools/readable.py

.PHONY: format
format: $(VENV)/dev ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# --- the distribution -----------------------------------------------------------------------------

.PHONY: build
build: $(VENV)/dev ## make the wheel and the sdist in dist/, and use the wheel in a new environment
	@rm -f dist/*.whl dist/*.tar.gz
	$(BIN)/python -m build
	$(BIN)/python -m pytest tests/wheel

COMPILE = $(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --no-emit-index-url --python-version 3.11
.PHONY: lock
lock: $(VENV)/dev ## choose the versions in constraints.txt anew
	@$(INSTALL) --group lock $(LOGGED)
	$(COMPILE) --all-extras --group dev --group languages pyproject.toml --output-file constraints.txt
	@for list in benchmarks/requirements/*.in; do \
		$(COMPILE) --constraint constraints.txt $$list --output-file $${list%.in}.txt; done
	@echo "pip==$$($(BIN)/python -c 'import pip; print(pip.__version__)')" >> constraints.txt

.PHONY: clean
clean: ## remove everything that was made: environments, caches, builds
	rm -rf $(VENV) .generated .site dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tools/node_modules .tools
	rm -rf languages/*/build languages/*/node_modules benchmarks/build benchmarks/node/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
