# Two commands are all that a newcomer needs; each sets up what it needs first:
#
#   make demo    a home, a street and an outfall that never existed, in this terminal
#   make test    every check there is
#
# Variables: PYTHON (3.11 or later), DEMO_ARGS (such as "--for 60"), PYTEST_ARGS.

BIN := .venv/bin
DEMO_ARGS ?=
PYTEST_ARGS ?=
export PYTHON

.PHONY: help demo test bench clean
.NOTPARALLEL:

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

demo:
	@.ci/prepare demo
	@$(BIN)/street-agent demo $(DEMO_ARGS)

test:
	@.ci/prepare test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(PYTEST_ARGS)

# Every script in tests/bench prints the figures that it measured.
bench:
	@.ci/prepare test
	@set -e; for script in tests/bench/*.py; do \
		echo "== $$script"; $(BIN)/python "$$script"; \
	done

clean:
	rm -rf .venv build ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache .lgd-nfy*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
