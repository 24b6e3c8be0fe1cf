# Shortcuts; `go run . demo` and `go test ./...` need none of them.

.PHONY: build test check lint demo bench fuzz update

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
	go test -run '^$$' -fuzz FuzzSite -fuzztime 2m ./web

update: ## write every golden file anew; read the diff before you commit it
	go test ./db ./report ./cli ./sync ./sync/remote -update
