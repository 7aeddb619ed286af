# What the Makefiles of all languages share. Each sets
#   GENERATOR   what generates its client, with its pinned version
#   RUN         the command that runs its program, in its own folder
# and has the targets
#   toolchain   print the toolchain's version, or fail if it is not there
#   generate    make the client from openapi.yaml, in build/
#   build       build the program with it
# `make -C languages/php run` does all of it for one; it reads the variables FINERWORKS_BASE_URL,
# FINERWORKS_WEB_API_KEY, FINERWORKS_APP_KEY and FINERWORKS_ACCOUNT_KEY.
SHELL := /bin/sh
.SHELLFLAGS := -ec
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := run

SPEC := ../../openapi.yaml
VENV := ../../.venv

# openapi-generator, from the environment that `make languages` makes: $(call openapi-generator,php,options)
# gives the code alone, without the tests and pages that it would write with it.
OPENAPI_GENERATOR := openapi-generator 7.26.0
define openapi-generator
rm -rf build/client
JAVA_OPTS=-XX:TieredStopAtLevel=1 $(VENV)/bin/openapi-generator-cli generate \
	--input-spec $(SPEC) --output build/client --generator-name $(1) $(2) \
	--global-property apiTests=false,modelTests=false,apiDocs=false,modelDocs=false
endef

.PHONY: toolchain generator command generate build run clean
generator:
	@echo '$(GENERATOR)'
command:
	@echo '$(RUN)'
build: generate
run: build
	@$(RUN)
clean:
	rm -rf build node_modules
