# Two commands are a newcomer's whole set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := config/constraints.txt

.PHONY: demo test check conformance bench soak clients lock sbom audit wheel clean

demo: $(VENV)/.ready
	@$(BIN)/telamon demo $(ARGS)

test: $(VENV)/.test clients
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

conformance: $(VENV)/.test clients
	$(BIN)/python tests/conformance/run.py $(ARGS)

bench: $(VENV)/.test
	cd tests && ../$(BIN)/python -m bench.run $(ARGS)

# 200 users on two replicas while everything goes wrong; ARGS="--minutes 60" for longer.
soak: $(VENV)/.test
	cd tests && ../$(BIN)/python -m soak.run $(ARGS)

# Node.js and the pinned npm clients that the tests drive; nothing to do where they are there.
clients: $(VENV)/.test
	@$(BIN)/python tests/clients/install.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[test]'
	@touch $@

# Write the locks anew from the bounds in pyproject.toml, for every supported Python and platform:
# the constraints of a developer's machine, and config/locks with a hash of every file for the rest.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url
HASHED := $(COMPILE) --generate-hashes --no-annotate -c $(CONSTRAINTS)

lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/$(COMPILE) --upgrade --all-extras --group build pyproject.toml -o $(CONSTRAINTS)
	$(BIN)/$(HASHED) --upgrade pyproject.toml -o config/locks/runtime.txt
	$(BIN)/$(HASHED) --upgrade --all-extras pyproject.toml -o config/locks/test.txt
	$(BIN)/$(HASHED) --upgrade --group build -o config/locks/build.txt

# What the server is made of: dist/sbom.cdx.json (CycloneDX) and dist/licences.txt.
sbom: $(VENV)/.test
	$(BIN)/python tests/supply/sbom.py dist

# Known vulnerabilities and yanked releases; needs an advisory service, and fails without one.
audit: $(VENV)/.test
	$(BIN)/python tests/supply/audit.py

wheel: $(VENV)/.test
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean:
	rm -rf $(VENV) dist artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis
