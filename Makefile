# Everything runs on the Node of the npm package `node`; the system's Node only installs it.
.DEFAULT_GOAL := help
NODE := node_modules/.bin/node
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help install tools demo test e2e bench bench-fleet build docs fidelity procedures

help: ## Shows the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

node_modules/.package-lock.json: package.json package-lock.json
	@echo "Installing npm packages (about half a minute) …"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: node_modules/.package-lock.json

tools: install ## Fetches or builds etcd, the control plane and the Temporal CLI (once; about 5 minutes where they must be built).
	@$(NODE) lab/provision/main.ts > /dev/null

demo: tools ## Upgrades a TiDB cluster over three Kubernetes clusters before your eyes. KEEP=1 leaves everything up.
	@KEEP=$(KEEP) $(NODE) lab/demo/main.ts

test: tools ## Types, lint, all tests. Ends with one line: N passed, N failed, N skipped.
	@npm test --silent

e2e: tools ## Runs the runbooks against the real TiDB Operator (Linux, root; elsewhere it says why not).
	@$(NODE) test/e2e/run.ts

bench: tools ## Measures this project beside a plain kubectl script on the same lab.
	@$(NODE) test/bench/main.ts

bench-fleet: tools ## Measures RUNS (3000) runs that wait in one worker, and whether each hears its event.
	@RUNS=$(RUNS) $(NODE) test/bench/fleet/main.ts

build: install ## Compiles to dist/ for npm and the container image.
	@npm run --silent build

fidelity: install ## Writes docs/fidelity.md from what was last seen of the twin and of the real operator.
	@$(NODE) test/e2e/fidelity/generate.ts

procedures: tools ## Measures three ways to upgrade against the real operator, and writes docs/procedures-compared.md.
	@KEEP_FIGURES=1 $(NODE) test/e2e/run.ts procedures upgrade-three six-components
	@$(NODE) test/e2e/measure/generate.ts

docs: install ## Writes docs/reference.md from the code.
	@$(NODE) docs/generate-reference.ts
