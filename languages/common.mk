# The common part of the Makefiles of all languages. Each of these sets
#   GENERATOR   the generator of its client, with the pinned version
#   RUN         the command that runs its program in its folder
# and has the targets
#   toolchain   print the version of the toolchain, or fail if it is not installed
#   generate    generate the client from openapi.yaml, in build/
#   build       build the program with the client
# `make -C languages/php run` does all this for one language. The program reads the variables
# FINERWORKS_BASE_URL, FINERWORKS_WEB_API_KEY, FINERWORKS_APP_KEY and FINERWORKS_ACCOUNT_KEY.
SHELL := /bin/sh
.SHELLFLAGS := -ec
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := run

SPEC := ../../openapi.yaml
VENV := ../../.venv

# $(call openapi-generator,php,options) generates only the code, without tests and documentation. It
# uses the environment that `make languages` creates.
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
