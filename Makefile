# Two commands do everything: `make reproduce` and `make test`. `make help` lists the rest.

# What is given on make's command line, as in `make reproduce SEED=7`. Python gets it as it was typed, in an environment
# variable: neither make nor the shell reads anything in it, and the caller's own variables of these names are not asked.
OPTIONS := SEED DRAW EPOCHS RUN LOGDIR PORT SHARE WEIGHTS TF
$(foreach name,$(OPTIONS),$(eval $(name) :=)$(eval override export $(name) := $$(value $(name))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help reproduce test test-long hostile notebooks execute-notebooks lab lint tensorboard compare play original \
  record audit mutants audit-tables audit-larger audit-calls corpus releases releases-table mutation-score \
  record-mutations cases cases-record divergence draws bench bench-profile bench-growth bench-floor bench-audit \
  bench-study claims study study-original any-length train-any-length screenshots matrix machines lock clean

# $(call find,MAJOR,MINOR,MAJOR,MINOR,CANDIDATES): the first candidate that runs and whose version is in the range.
find = $(shell for python in $5; do "$$python" -c \
  'import sys; sys.exit(not (($1, $2) <= sys.version_info[:2] <= ($3, $4)))' 2>/dev/null && echo "$$python" && break; done)
pyenv := $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions

PYTHON ?= $(call find,3,10,3,13,python3 python3.13 python3.12 python3.11 python3.10)
PYTHON27 := $(or $(PYTHON27),$(call find,2,7,2,7,python2.7 python2 $(wildcard $(pyenv)/2.7.*/bin/python)))
PYTHON37 := $(or $(PYTHON37),$(call find,3,7,3,7,python3.7 $(wildcard $(pyenv)/3.7.*/bin/python)))

PYTEST_NOTEBOOKS := .venv/bin/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with notebooks/nbval_sanitize.cfg

OLD := .venv-tf1.0.1
OLD_PYTHON = PYTHONPATH=$(OLD) PYTHONNOUSERSITE=1 TF_CPP_MIN_LOG_LEVEL=2 "$(PYTHON27)"
WITNESS := .venv-tf1.15.5
WITNESS_PYTHON = TF_CPP_MIN_LOG_LEVEL=2 $(WITNESS)/bin/python -W ignore

help:
	@echo 'make reproduce   train the port, hold it to the original (SEED= DRAW= EPOCHS=)'
	@echo 'make test        lint, unit tests, golden tests, notebooks'
	@echo 'make test-long   what it leaves out, at full length: 16 minutes of two cores'
	@echo 'A run, once there is one:'
	@echo '  tensorboard    the newest beside the original in TensorBoard (LOGDIR= PORT=)'
	@echo '  compare        the same as one HTML page, with the verdict (RUN=, a record)'
	@echo '  screenshots    take the pictures of docs/images (needs chromium)'
	@echo 'The proof:'
	@echo '  audit          compare with the graph of TensorFlow 1.0.1 (audit-tables: docs)'
	@echo '  mutants        mistakes in a port, who notices (record-mutations: in records)'
	@echo '  hostile        attack every command with everything, hours (SHARE=0.1: less)'
	@echo '  divergence     draw how far runs part (draws: the evidence of docs/data.md)'
	@echo '  original       run the program under TensorFlow 1.0.1 (needs Python 2.7)'
	@echo '  record         make the golden records anew (needs Python 2.7 and 3.7)'
	@echo '  claims         judge the claims by stored runs (study, study-original: anew)'
	@echo 'Other programs:'
	@echo '  cases          replay recorded programs, docs/cases.md (cases-record: anew)'
	@echo '  mutation-score what the audit notices, hours (SHARE=0.01: a hundredth)'
	@echo '  audit-larger   the audit on 104 larger programs (audit-calls: on 894 calls)'
	@echo '  corpus         record its old graphs anew (releases, releases-table: of all)'
	@echo 'Speed:  bench bench-profile bench-floor bench-growth bench-audit bench-study'
	@echo 'Any length:      play   any-length (measures)   train-any-length'
	@echo 'Notebooks:       lab (opens them)   notebooks (tests them)   execute-notebooks'
	@echo 'Upkeep:          lint  lock (needs uv)  clean  matrix (releases; TF=)  machines'

reproduce: .venv/ready
	@.venv/bin/python -m compat_v1 reproduce $${SEED:+--seed="$$SEED"} $${DRAW:+--draw="$$DRAW"} \
	  $${EPOCHS:+--epochs="$$EPOCHS"}

tensorboard: .venv/ready
	@.venv/bin/python -m compat_v1 tensorboard --logdir="$${LOGDIR:-runs/latest/logs}" $${PORT:+--port="$$PORT"}

compare: .venv/ready
	@run="$${RUN:-runs/latest/record.json}" && .venv/bin/python -m compat_v1 verify --report="$${run%.json}.html" -- "$$run"

# Where Python 2.7 is there, the original itself is tested too; its TensorFlow was built for x86-64 Linux.
ifeq ($(shell uname -sm),Linux x86_64)
test: $(if $(PYTHON27),$(OLD)/ready)
test: export PYTHON27 := $(PYTHON27)
endif
test: lint
	$(PYTEST_NOTEBOOKS) -m 'not long' tests notebooks

# What `make test` proves in less: all epochs of all runs, every planted mistake, the graphs of every release. Both
# together are all tests.
test-long: .venv/ready
	.venv/bin/python -m pytest -m long tests

notebooks: .venv/ready
	$(PYTEST_NOTEBOOKS) notebooks

execute-notebooks: .venv/ready
	.venv/bin/python notebooks/execute.py

lab: .venv/lab
	.venv/bin/jupyter lab --notebook-dir notebooks

lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-logo > /dev/null || .venv/bin/lint-imports --no-logo
	.venv/bin/mypy

original: $(OLD)/ready
	@mkdir -p runs
	$(OLD_PYTHON) original/selfmade_lstm.py --record runs/original.json
	$(OLD_PYTHON) original/compare.py runs/original.json original/recorded/tf1.0.1/seed103747_draw1.json

record: $(OLD)/ready $(WITNESS)/ready
	$(OLD_PYTHON) original/make_golden.py original/recorded/tf1.0.1
	$(WITNESS_PYTHON) original/make_golden.py original/recorded/tf1.15.5 --op-seeds 13,30,43,56,160

# A hash seed: Python 3 orders a set of strings by it, and TensorFlow some nodes by such a set.
corpus: export PYTHONHASHSEED := 0
corpus: $(OLD)/ready $(WITNESS)/ready
	$(OLD_PYTHON) -W ignore tests/corpus/build.py tests/corpus/recorded/tf1.0.1
	$(WITNESS_PYTHON) tests/corpus/build.py tests/corpus/recorded/tf1.15.5

releases: .venv/ready
	PYTHONPATH=. .venv/bin/python tests/releases.py build

releases-table: .venv/ready
	PYTHONPATH=. .venv/bin/python tests/releases.py table

audit: .venv/ready
	.venv/bin/python -m compat_v1 audit

audit-tables: .venv/ready
	.venv/bin/python docs/audit.py

audit-larger: export PYTHONHASHSEED := 0
audit-larger: .venv/ready $(WITNESS)/ready
	rm -rf build/larger
	$(WITNESS_PYTHON) tests/corpus/build.py build/larger/tf1.15.5 --larger
	.venv/bin/python -W ignore tests/corpus/build.py build/larger/today --larger --mistakes
	PYTHONPATH=. .venv/bin/python tests/releases.py larger
	.venv/bin/python -W ignore docs/audit_larger.py build/larger/today build/larger/tf*

audit-calls: export PYTHONHASHSEED := 0
audit-calls: .venv/ready $(OLD)/ready $(WITNESS)/ready
	$(OLD_PYTHON) -W ignore tests/corpus/calls.py build/calls/tf1.0.1
	$(WITNESS_PYTHON) tests/corpus/calls.py build/calls/tf1.15.5
	.venv/bin/python -W ignore tests/corpus/calls.py build/calls/today
	PYTHONPATH=. .venv/bin/python tests/releases.py calls
	.venv/bin/python docs/audit_calls.py build/calls/today build/calls/tf*

# The cases of docs/cases.md: recorded under the old stacks, deliberately, and replayed here.
cases: .venv/ready
	.venv/bin/python docs/cases.py

cases-record: $(OLD)/ready $(WITNESS)/ready
	$(OLD_PYTHON) docs/cases/record.py docs/cases/recorded/tf1.0.1
	$(WITNESS_PYTHON) docs/cases/record.py docs/cases/recorded/tf1.15.5

# Processes of its own, kills and full disks: an hour or more, and as root also on small disks of memory.
hostile: .venv/ready
	PYTHONPATH=. nice -n 19 .venv/bin/python tests/hostile.py --share "$${SHARE:-1}"

mutants: .venv/ready
	PYTHONPATH=. .venv/bin/python tests/mutants.py

record-mutations: .venv/ready
	PYTHONPATH=. .venv/bin/python tests/record_mutations.py

mutation-score: .venv/ready
	PYTHONPATH=. .venv/bin/python tests/mutation_score.py --share "$${SHARE:-1}" --seed "$${SEED:-0}"

divergence: .venv/ready
	.venv/bin/python docs/divergence.py

draws: .venv/ready
	.venv/bin/python -m compat_v1 study draws
	.venv/bin/python docs/draws.py runs/study

claims: .venv/ready
	.venv/bin/python docs/claims.py

# All runs that the claims rest on: two hours of two cores, and what is done already is not done again.
study: .venv/ready
	.venv/bin/python -m compat_v1 study
	.venv/bin/python -m compat_v1 study published-lines draws
	.venv/bin/python docs/draws.py runs/study
	.venv/bin/python docs/claims.py runs/study

# The same claims under TensorFlow 1.0.1, as far as it is quick enough; make study stores these results too.
study-original: $(OLD)/ready
	@mkdir -p runs/study
	$(OLD_PYTHON) original/study.py runs/study

bench: .venv/ready .venv-bench/ready $(if $(PYTHON27),$(OLD)/ready) $(if $(PYTHON37),$(WITNESS)/ready)
	PYTHON27=$(PYTHON27) .venv/bin/python benchmarks/run.py

bench-profile: .venv/ready
	.venv/bin/python benchmarks/timeline.py

bench-growth: .venv/ready
	.venv/bin/python benchmarks/growth.py

bench-floor: .venv/ready
	.venv/bin/python benchmarks/floor.py

bench-study: .venv/ready .venv-bench/ready
	.venv/bin/python benchmarks/study.py

bench-audit: .venv/ready $(WITNESS)/ready
	.venv/bin/python benchmarks/audit_growth.py

screenshots: .venv/ready
	@command -v chromium > /dev/null || { echo 'chromium is missing: on Debian, apt-get install chromium.' >&2; exit 2; }
	@[ -e runs/latest/record.html ] || { echo 'There is no run to take a picture of: make reproduce first.' >&2; exit 2; }
	SCREENSHOTS=docs/images .venv/bin/python -m pytest tests/test_tensorboard.py tests/test_page.py -k 'page or screen'
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,1240 \
	  --screenshot=docs/images/report.png runs/latest/record.html 2> /dev/null

play: .venv/ready
	@.venv/bin/python -m compat_v1 play $${WEIGHTS:+--weights="$$WEIGHTS"}

any-length: .venv/ready
	.venv/bin/python docs/any_length.py

train-any-length: .venv/ready
	@mkdir -p runs
	.venv/bin/python -m compat_v1 train-any-length --checkpoint "runs/any_length$${SEED:+_$$SEED}" $${SEED:+--seed="$$SEED"}

matrix: .venv/ready
	.venv/bin/python docs/matrix.py

machines: .venv/ready
	.venv/bin/python docs/machines.py

lock:
	@command -v uv > /dev/null || { echo 'uv is missing: pip install uv.' >&2; exit 2; }
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-header --extra dev --upgrade \
	  --output-file requirements.lock pyproject.toml
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-header --group lab --upgrade \
	  --constraint requirements.lock --output-file notebooks/requirements-lab.lock
	uv pip compile --universal --python-version 3.10 --generate-hashes --no-header --upgrade \
	  --output-file benchmarks/requirements.txt benchmarks/requirements.in

clean:
	rm -rf .venv .venv-bench .venv-tf* .venv-releases runs build

# An edit of pyproject.toml needs nothing: the package is used where it lies. A changed lock is installed on top.
.venv/ready: requirements.lock
	@if [ -z "$(PYTHON)" ]; then \
	  echo 'Python 3.10 to 3.13 is missing: install one, or name it with PYTHON=.' >&2; exit 2; fi
	@"$(PYTHON)" -c 'import ensurepip, venv' || \
	  { echo '$(PYTHON) lacks venv: on Debian, install python3-venv.' >&2; exit 2; }
	@echo 'Setting up .venv with $(PYTHON): about 2.5 GB, a minute or two.'
	@begin=$$(date +%s) && "$(PYTHON)" -m venv .venv && \
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
	echo "time: environment $$(($$(date +%s) - begin)) s"
	@touch $@

.venv-bench/ready: benchmarks/requirements.txt | .venv/ready
	@echo 'Setting up .venv-bench: PyTorch and JAX, about 3 GB.'
	"$(PYTHON)" -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements.txt
	@touch $@

.venv/lab: .venv/ready notebooks/requirements-lab.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r notebooks/requirements-lab.lock
	@touch $@

$(OLD)/ready: original/requirements-tf1.0.1.lock
	@if [ -z "$(PYTHON27)" ]; then echo 'Python 2.7 is missing: install it (pyenv install 2.7.18 does), or name' \
	  'it with PYTHON27=; everything but make original and make record works without it.' >&2; exit 2; fi
	@"$(PYTHON27)" -m pip --version > /dev/null 2>&1 || \
	  { echo '$(PYTHON27) lacks pip: "$(PYTHON27) -m ensurepip" installs it.' >&2; exit 2; }
	@echo 'Setting up $(OLD) with $(PYTHON27): TensorFlow 1.0.1.'
	rm -rf $(OLD)
	"$(PYTHON27)" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $(OLD) \
	  -r original/requirements-tf1.0.1.lock
	@touch $(OLD)/google/__init__.py  # a namespace package that --target leaves without one
	@touch $@

$(WITNESS)/ready: original/requirements-tf1.15.5.lock
	@if [ -z "$(PYTHON37)" ]; then \
	  echo 'Python 3.7 is missing: install it (pyenv install 3.7.16 does), or name it with PYTHON37=.' >&2; exit 2; fi
	@echo 'Setting up $(WITNESS) with $(PYTHON37): TensorFlow 1.15.5.'
	rm -rf $(WITNESS)
	"$(PYTHON37)" -m venv $(WITNESS)
	$(WITNESS)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  -r original/requirements-tf1.15.5.lock
	@touch $@
