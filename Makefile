# Shortcuts; `go run . demo` and `go test ./...` need none of them.

.PHONY: build test long fast check lint demo bench benchmarks fuzz soak update man packages

build: ## the binary, here
	CGO_ENABLED=0 go build -trimpath -o importarchive .

test: ## a minute or two
	go test ./...

long: ## also the tests that take long, and all at full size; ten minutes
	go test ./... -long -timeout 60m

fast: ## what to run at each step: build, vet, linters, tests
	.ci/run fast

check: ## all that a change must pass; half an hour at most
	.ci/run

lint:
	golangci-lint run
	gofumpt -l .

demo:
	go run . demo

bench: ## beside limits and peers, into bench/RESULTS.md; half an hour
	go run -C bench ./peers

benchmarks:
	go test -run '^$$' -bench . -benchmem ./...
	go test -C bench -run '^$$' -bench . -benchmem ./...

fuzz: ## some minutes
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 2m ./sync/remote
	go test -run '^$$' -fuzz FuzzDetails -fuzztime 2m ./sync/remote
	go test -run '^$$' -fuzz FuzzJSON -fuzztime 1m ./sync/remote/answer
	go test -run '^$$' -fuzz FuzzVisible -fuzztime 1m ./sync/remote/answer
	go test -run '^$$' -fuzz FuzzDeciding -fuzztime 2m ./sync
	go test -run '^$$' -fuzz FuzzConfig -fuzztime 1m ./config
	go test -run '^$$' -fuzz FuzzMarkdown -fuzztime 1m ./report
	go test -run '^$$' -fuzz FuzzSite -fuzztime 2m ./web

MINUTES ?= 10
soak: ## chaos for MINUTES, then a simulated year, which takes some more of them
	go test ./e2e -long -run TestChaos -v -timeout 0 -parallel 8 -minutes $(MINUTES)
	go test ./e2e -long -run TestAYear -v -timeout 0 -year 105120

update: ## write every golden file anew; read the diff before you commit it
	go test . ./config ./db/sqlite ./queries ./report ./page ./cli ./sync ./sync/remote -update

VERSION ?= $(shell git describe --tags --match 'v*' 2>/dev/null || git show -s --date=format:%Y%m%d --format=v0.0.0-0.%cd.%h)
ARCH ?= $(shell go env GOARCH)
NFPM = go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

man: ## man pages, completions, and the settings of a package, in dist
	go run ./packaging/gen dist

packages: man ## deb and rpm for Linux, in dist; ARCH=arm64 for another machine
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -trimpath -ldflags '-s -w' -o dist/importarchive .
	for packager in deb rpm; do \
	  SOURCE_DATE_EPOCH=$$(git show -s --format=%ct) VERSION=$(VERSION) ARCH=$(ARCH) \
	  $(NFPM) package --config packaging/nfpm.yaml --packager $$packager --target dist || exit 1; \
	done
