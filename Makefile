# Everything a contributor runs. `make` alone lists the targets.
SHELL := /bin/bash
STACK ?= prod
HOURS ?= 10
CHECKS ?= 3000
STATE := .sandbox

# What everything here is built with, so that nothing compiles twice: tools/goflags says why.
export GOFLAGS ?= $(shell sed "s/.*/'&'/" tools/goflags/flags)

.DEFAULT_GOAL := help
.PHONY: help sandbox test soak bench simulate lint fmt cost import clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# While the program compiles, the Pulumi CLI or its modules are downloaded.
sandbox: ## Deploy prod and dev on the real Pulumi engine, without an AWS account (the first time 3 minutes on two cores, and 2 more for the CLI where its release server is out of reach)
	@go run ./tools/install -fetch pulumi & go run ./sandbox demo; code=$$?; wait; exit $$code

# With Go's GOGC of 100, 38 % of what infra's tests compute is collecting garbage, and 66 % of what the cleanup's do; 400 takes 1.1 GB at most.
test soak: export GOGC ?= 400

# The same commit gives the same answer: property tests draw the same cases every time. New cases are what soak is for.
test: export RAPID_SEED ?= 1
# A package that waits for a clock, a process or a browser leaves its core to one package more than there are cores.
test: ## Run every test (the first run gets the pinned Pulumi CLI: seconds from its release server, 2 minutes from its module once make sandbox has compiled, more before)
	@go run ./tools/install pulumi pulumi-language-go >/dev/null
	go test -timeout 30m -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) ./...

# A case that breaks a rule is shrunk, recorded below testdata/rapid and run again by every later test until it passes.
soak: export RAPID_SEED := 0
soak: export RAPID_CHECKS = $(CHECKS)
soak: ## Look for cases that break a property: every property test with new random cases, each CHECKS times (3000)
	go test -timeout 0 -count 1 -p 1 $$(git grep -l pgregory.net/rapid -- '*_test.go' | xargs dirname | sort -u | sed 's|^|./|')

# What is measured is built as it is deployed.
bench: export GOFLAGS =
bench: ## Measure previews, updates, builds and functions, and print the tables of docs/performance.md (FULL=1: a million threads, too)
	@go run ./tools/bench

simulate: ## Simulate waking and sleeping, and write the tables and charts of docs/simulation.md
	@go run ./cmd/simulate

cost: ## Price a deployed sandbox stack: make cost STACK=prod HOURS=10
	@go run ./sandbox export --stack $(STACK) | go run ./cmd/cost -hours $(HOURS)

import: ## Print the import file of what already exists in the AWS account: make import STACK=prod
	@go run ./cmd/import -stack $(STACK)

lint: ## Vet, lint and check formatting with the pinned linters
	go vet ./...
	lint=$$(go run ./tools/install golangci-lint) && $$lint run ./... && $$lint fmt --diff
	$$(go run ./tools/install actionlint)

fmt: ## Format with the pinned gofumpt
	$$(go run ./tools/install golangci-lint) fmt

clean: ## Remove the sandbox's state, built tools and functions
	rm -rf $(STATE) .build
