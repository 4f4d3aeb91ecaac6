# Every target that needs the virtual environment makes it. PYTHON is the interpreter that makes it, and
# TORCH_ARGS is passed to the pip call that installs torch, for example an index with CPU builds.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.rao-lab-ready
TORCH_ARGS ?=
KIT_ARGS ?=
NOTEBOOK ?= notebooks/01_watch_it_learn.ipynb
PYTEST_ARGS ?=
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help venv demo lab course docs test test-full test-gpu bench lint widgets offline-kit
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# torch comes first, and pinned, so that a wider requirement does not pull another build later.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH_ARGS) torch==2.13.0 -c constraints.txt
	$(BIN)/python -m pip install --quiet -e '.[all,dev]' -c constraints.txt
	@touch $@

venv: $(READY) ## make the virtual environment

demo: $(READY) ## train the embedded policy for a few minutes and show what it learned
	$(BIN)/rao-lab demo $(DEMO_ARGS)

# What this JupyterLab does if its user has not chosen: no popup about news and updates.
OVERRIDES := $(VENV)/share/jupyter/lab/settings/overrides.json
NO_NEWS := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}

lab: $(READY) ## open JupyterLab on this machine at the first notebook
	@mkdir -p $(dir $(OVERRIDES)); test -e $(OVERRIDES) || echo '$(NO_NEWS)' > $(OVERRIDES)
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 $(AS_ROOT) $(LAB_ARGS) $(wildcard $(NOTEBOOK))

# Sphinx and what reads notebooks for it, beside all the rest.
DOCS_READY := $(VENV)/.rao-lab-docs-ready
$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet -e '.[all,docs]' -c constraints.txt
	@touch $@

course: $(DOCS_READY) ## run the notebooks and write them as pages, into site/course
	$(BIN)/python -m rao_lab.publish.site course $(COURSE_ARGS)

docs: $(DOCS_READY) ## write the documentation, with the notebooks and a search, into site/docs
	$(BIN)/python -m rao_lab.publish.site docs $(DOCS_ARGS)

lint: $(READY) ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

widgets: ## check the types of the front end and test it, if Node is installed
	@if [ ! -f widgets/package.json ]; then echo "front end: skipped, no widgets/package.json"; \
	elif ! command -v npm >/dev/null; then echo "front end: skipped, npm is not installed"; \
	else cd widgets && \
	  { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; } && \
	  npm run --silent check && npm test --silent; fi

test: lint widgets ## run all checks but the long ones
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-full: lint widgets $(DOCS_READY) ## run all checks that need no GPU
	$(BIN)/python -m pytest -m "not gpu" $(PYTEST_ARGS)

test-gpu: $(READY) ## check a CUDA device and write data/bench/gpu.json; without one, skip and say why
	RAO_WRITE_GPU_JSON=1 $(BIN)/python -m pytest -m gpu $(PYTEST_ARGS)

bench: $(READY) ## measure this machine
	$(BIN)/rao-lab bench

offline-kit: $(READY) ## make a folder from which a class installs without a network (KIT_ARGS="--platform windows")
	$(BIN)/python -m rao_lab.publish.kit --torch-args="$(TORCH_ARGS)" $(KIT_ARGS)
