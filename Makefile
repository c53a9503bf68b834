# offshoot: `make` lists what there is to make.
MACHINE := testdata/machine
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Pinned, so that everybody's lint finds the same.
GOFUMPT := go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES := . testdata/shop examples/go
# As it is shipped; and lint, build and tests compile everything once between them.
export CGO_ENABLED := 0

.PHONY: help build demo demo-down pictures site test soak hostile test-postgres test-ec2-conformance test-gitea test-tools lint generate mutants bench bench-update clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 30

build: ## build bin/offshoot, one static binary
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/offshoot ./cmd/offshoot

demo: ## a production database, a subset of it, and a preview of the sample shop to click through
	@$(MACHINE)/demo up

demo-down: ## remove all that the demo made
	@$(MACHINE)/demo down

pictures: ## docs/images from real runs of the sample shop: the recording of up, and the comment
	@$(MACHINE)/demo record
	go test -count=1 ./cmd/offshoot -run TestFront_ShowsTheComment -update
	go run ./internal/picture comment docs/images/comment.md docs/images/comment.svg

site: ## the documentation as a static site, in .cache/site
	go run ./internal/site .cache/site
	@echo "open .cache/site/index.html"

test: ## go vet and every test, with the servers they need
	@$(MACHINE)/test

soak: ## make test with everything that guards against rare races: every kill, every schema; for the night
	@$(MACHINE)/test soak

hostile: ## the tests of what attackers want alone, by what they want (SECURITY.md); servers as in make test
	@$(MACHINE)/test hostile

test-postgres: ## the tests of what speaks PostgreSQL, on versions this machine lacks (VERSIONS="13 17 18")
	@$(MACHINE)/versions $(VERSIONS)

test-ec2-conformance: ## the tests of every provider of machines, at EC2_ENDPOINT (a URL, or aws)
	@test -n "$$EC2_ENDPOINT" || { echo "EC2_ENDPOINT is not set: give the URL of an emulator, or aws"; exit 1; }
	go test -count=1 -timeout 3h -v -run ConformsAtAnEndpoint ./provision/ec2

test-gitea: ## the life of pull requests on a real Gitea with a runner; building it takes ten minutes the first time
	@testdata/gitea/run

test-tools: ## rehearsals of real tools that migrate databases; Go's and npm's are fetched
	@testdata/tools/run

lint: ## gofumpt, go vet, staticcheck, shellcheck
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go')) && test -z "$$unformatted" || { echo "not gofumpt-ed: $$unformatted"; exit 1; }
	@set -e; for module in $(MODULES); do (cd $$module && go vet ./... && $(STATICCHECK) ./...); done
	@if command -v shellcheck >/dev/null; then shellcheck -x -P SCRIPTDIR .ci/run .ci/manual $$(git ls-files $(MACHINE)) testdata/gitea/gitea testdata/gitea/run testdata/tools/run; else echo "no shellcheck here: skipped"; fi

generate: ## what docs/ has of the code: schemas, keys of the configuration, the reference, messages, policies
	go test ./internal/config -run TestDocs -update
	go test ./cmd/offshoot -run TestReference -update
	go test ./internal/layout -run TestMessages -update
	go test ./provision/ec2 -run TestExample -update

mutants: ## whether tests notice small mistakes, another sample every day (SEED=20261130 SAMPLE=100 PACKAGES=subset/mask)
	@go run ./internal/mutants $(PACKAGES)

bench: ## the subset engine beside its yardsticks on 12 and 48 million rows (BENCH_SCALE=1: on 12)
	@$(MACHINE)/test bench "Subset|Masking"

bench-update: ## an update of the sample shop beside docker compose, four rounds in turn (BENCH_ROUNDS=4)
	@$(MACHINE)/test bench Update

clean: demo-down ## remove what was built and cached, the engine and the images made by the tests too
	@$(MACHINE)/clean
