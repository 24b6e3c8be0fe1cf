# Shortcuts; `go run . demo` and `go test ./...` need none of them.

.PHONY: build test check lint demo bench fuzz soak update

build: ## the binary, here
	CGO_ENABLED=0 go build -trimpath -o importarchive .

test:
	go test ./...

check: ## all that a change must pass
	.ci/run

lint:
	golangci-lint run
	gofumpt -l .

demo:
	go run . demo

bench:
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## some minutes
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 2m ./sync/remote
	go test -run '^$$' -fuzz FuzzDeciding -fuzztime 2m ./sync
	go test -run '^$$' -fuzz FuzzConfig -fuzztime 1m ./cli
	go test -run '^$$' -fuzz FuzzMarkdown -fuzztime 1m ./report

MINUTES ?= 10
soak: ## chaos for MINUTES, then a simulated year, which takes some more of them
	go test ./sync -run TestChaos -v -timeout 0 -parallel 8 -minutes $(MINUTES)
	go test ./sync -run TestAYear -v -timeout 0 -year 105120

update: ## write every golden file anew; read the diff before you commit it
	go test ./db ./report ./cli ./sync ./sync/remote -update
