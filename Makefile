# Two commands are all that a newcomer needs; each sets up what it needs first:
#
#   make demo    a home, a street and an outfall that never existed, in this terminal
#   make test    every check there is
#
#   make test-deploy  deploy.sh against a root of its own with a real sshd, as root
#   make nemesis faults on a schedule against the real agent, and what came of every promise
#   make test-vm the agent in a virtual machine with systemd, GPIO and a serial port
#   make bench   what the README's figures come from; takes a while
#   make mutation   small mistakes put into the home's detectors, and which tests miss; 15 minutes
#   make events  the events of the replay cases, and docs/events.md, from the agent as it is now
#   make clean   remove whatever these made
#
# Variables: PYTHON (3.11 or later), DEMO_ARGS (such as "--for 60"), PYTEST_ARGS, BENCH,
# NEMESIS_ARGS (such as "--only A1,D1 --seed 7"). `make nemesis-long` takes hours; as root both
# inject more, since power cuts need a file system of their own.

BIN := .venv/bin
DEMO_ARGS ?=
PYTEST_ARGS ?=
NEMESIS_ARGS ?=
VM_ARGS ?=
MUTANTS ?=
BENCH ?= decide store backlog uplink end_to_end outage alarm_latency
export PYTHON

.PHONY: help demo test test-deploy test-vm lock nemesis nemesis-long bench mutation events docs/events.md clean
.NOTPARALLEL:

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

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

# deploy.sh against a root of its own; see tests/devices.py. As root.
test-deploy:
	@.ci/prepare deploy
	timeout 1500 $(BIN)/pytest -m device tests/test_deploy.py $(PYTEST_ARGS)

nemesis:
	@.ci/prepare nemesis
	$(BIN)/python tests/nemesis/run.py $(NEMESIS_ARGS)

# The tables of the last long run are kept.
nemesis-long:
	@.ci/prepare nemesis
	$(BIN)/python tests/nemesis/run.py --long --write docs/promises.md $(NEMESIS_ARGS)

# The agent in a virtual machine with systemd, GPIO and a serial port; see tests/vm/run.py. As root.
test-vm:
	@.ci/prepare vm
	timeout 3600 $(BIN)/python tests/vm/run.py $(VM_ARGS)

# Each script in tests/bench prints the figures that it measured; its first lines say of what.
bench:
	@.ci/prepare test
	@set -e; for name in $(BENCH); do \
		echo "== tests/bench/$$name.py"; $(BIN)/python "tests/bench/$$name.py"; \
	done

# MUTANTS chooses some: make mutation MUTANTS='agent.detectors.sleep*'. See docs/mutation.md.
mutation:
	@.ci/prepare test
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[mutation]'
	nice $(BIN)/mutmut run --max-children 2 $(MUTANTS)
	$(BIN)/python tests/mutation_table.py

# What must hold is declared beside each case: tests fail where these events break it.
events:
	@.ci/prepare test
	$(BIN)/python tests/replays/make.py --events
	@$(MAKE) --no-print-directory docs/events.md

docs/events.md:
	@.ci/prepare test
	$(BIN)/python tests/event_table.py > $@.new && mv $@.new $@

# The pinned wheels of a release, systemd/requirements.txt, from what pyproject.toml asks for.
lock:
	@.ci/prepare test
	$(BIN)/python systemd/lock.py

clean:
	rm -rf .venv build dist ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache .lgd-nfy* mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
