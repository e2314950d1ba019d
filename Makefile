SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
FLAGS :=
MAKEFLAGS += --no-builtin-rules --warn-undefined-variables

STATICCHECK := go tool -modfile=tools/go.mod staticcheck

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-24s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## Run the server from source
	go run ./cmd/satcap serve

.PHONY: test
test: ## Run all tests, after installing or naming what they need
	scripts/test.sh

.PHONY: test-short
test-short: ## Run the quick tests
	go test -race -short ./...

.PHONY: test-postgres-versions
test-postgres-versions: ## Run the store tests on every PostgreSQL that is supported
	scripts/postgres-versions.sh

.PHONY: test-import
test-import: ## Import a large generated source into both databases, and print how fast
	go test ./cmd/satcap -run 'TestImport$$' -v -timeout 60m -import.keys 2000 -import.spends 500000

.PHONY: lint
lint: ## Check format, go vet and staticcheck
	go vet ./...
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted with gofmt:" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(STATICCHECK) ./...

.PHONY: generate
generate: ## Format the .proto files and write all generated code
	scripts/generate.sh --format

.PHONY: check-generate
check-generate: ## Check that generated code is fresh and that the API breaks no client
	scripts/check-generate.sh

.PHONY: web
web: ## Build the dashboard into web/dist
	cd web && npm ci && npm run build

.PHONY: web-dev
web-dev: ## Run the dashboard from source against a running server (SATCAP_URL)
	cd web && npm install && npm run dev

.PHONY: web-test
web-test: ## Run the dashboard's unit tests
	cd web && npm ci && npm test

.PHONY: screenshots
screenshots: ## Make the dashboard's pictures in docs/images
	cd web && npm ci
	mkdir -p docs/images
	go test ./internal/server -run 'TestScreenshots$$' -count 1 -screenshots $(CURDIR)/docs/images

.PHONY: bench
bench: ## Measure satcap side by side with others, about 15 minutes; FLAGS="-run peer" for a part
	scripts/bench.sh $(FLAGS)

.PHONY: bench-go
bench-go: ## Run the Go benchmarks
	go test -run '^$$' -bench . -benchmem ./internal/...
