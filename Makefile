# Two commands to start with: `make demo` and `make test`. Everything is installed into .venv, nothing elsewhere.
# Written for any make (GNU 3.81 as on macOS, GNU 4, BSD): plain rules, and the shell for the rest.

VENV = .venv
# Warnings off: setuptools warns everybody who installs in editable mode.
PIP = PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip --disable-pip-version-check

# What `make test` runs by default; `make test TESTS=tests/nn` runs a part, ARGS adds pytest options.
TESTS =
ARGS =

.PHONY: help demo test parity cuda ptx bench docs lint format stubs clean

help: ## list these targets
	@echo 'usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed ## train a network on handwritten digits, check its gradients, draw pictures
	@$(VENV)/bin/python -m minigrad demo

test: $(VENV)/.installed-test ## run the whole test suite
	@$(VENV)/bin/python -m pytest $(ARGS) $(TESTS)

parity: $(VENV)/.installed-parity ## compare with PyTorch itself (installs it: some 200 MB, with CUDA several GB)
	@$(VENV)/bin/python -m pytest $(ARGS) tests/parity

cuda: $(VENV)/.installed-cuda ## test the CUDA kernels on Numba's simulator and, as one thread, compiled for the CPU
	@NUMBA_ENABLE_CUDASIM=1 $(VENV)/bin/python -m pytest $(ARGS) tests/cuda
	@NUMBA_ENABLE_CUDASIM=1 $(VENV)/bin/python -m pytest -p tests.cuda.typed --ignore tests/cuda/test_table.py $(ARGS) tests/cuda

ptx: $(VENV)/.installed-cuda ## compile every CUDA kernel for three generations of GPUs, which needs none
	@$(VENV)/bin/python tools/ptx.py

bench: $(VENV)/.installed ## measure training steps, side by side with PyTorch where it is installed
	@$(VENV)/bin/python benchmarks/steps.py

docs: $(VENV)/.installed-docs ## build the site with tutorials and reference, into docs/_build/html
	@MPLBACKEND=Agg $(VENV)/bin/python -m sphinx -b html -d docs/_build/doctrees -q -W --keep-going docs docs/_build/html
	@$(VENV)/bin/python tools/check_links.py docs/_build/html
	@echo 'The site begins at docs/_build/html/index.html'

lint: $(VENV)/.installed-dev ## check style, formatting and types, change nothing
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(VENV)/.installed-dev ## reformat the code and mend what ruff can mend
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

stubs: $(VENV)/.installed ## write the stubs of what the table of operations defines
	@$(VENV)/bin/python tools/stubs.py

clean: ## remove .venv and everything that was built or cached here
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	rm -rf docs/_build docs/reference docs/benchmarks docs/tutorials docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp says what was installed; it is older than pyproject.toml when that has to be done again.

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo 'Installing minigrad and what it needs into $(VENV) (once; a minute or two) ...'
	@$(PIP) install --quiet --editable .
	@$(VENV)/bin/python -m compileall -q minigrad kernels
	@touch $@

$(VENV)/.installed-test: $(VENV)/bin/python pyproject.toml
	@echo 'Installing minigrad and its tests'\'' needs into $(VENV) (once; a minute or two) ...'
	@$(PIP) install --quiet --editable '.[test]'
	@$(VENV)/bin/python -m compileall -q minigrad kernels
	@touch $(VENV)/.installed $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	@echo 'Installing the development tools into $(VENV) (once) ...'
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

$(VENV)/.installed-parity: $(VENV)/bin/python pyproject.toml
	@echo 'Installing PyTorch into $(VENV) to compare with (once) ...'
	@$(PIP) install --quiet --editable '.[test,parity]'
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

$(VENV)/.installed-cuda: $(VENV)/bin/python pyproject.toml
	@echo 'Installing CuPy and the CUDA compiler into $(VENV) (once; some 500 MB) ...'
	@$(PIP) install --quiet --editable '.[test,cuda-simulator]'
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

$(VENV)/.installed-docs: $(VENV)/bin/python pyproject.toml
	@echo 'Installing what builds the site into $(VENV) (once) ...'
	@$(PIP) install --quiet --editable '.[docs]'
	@touch $(VENV)/.installed $@

# The first Python on the path that is new enough and can make environments; PYTHON=... names another.
$(VENV)/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null || continue; \
	    new=$$python; \
	    "$$python" -c 'import ensurepip, venv' 2> /dev/null || continue; \
	    echo "Making $(VENV) with $$("$$python" --version) ..."; \
	    trap 'rm -rf $(VENV); exit 1' INT TERM; \
	    "$$python" -m venv --clear $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    exit 1; \
	done; \
	if [ -n "$$new" ]; then \
	    echo "minigrad: $$new cannot make a virtual environment: its venv module is not installed." >&2; \
	    echo "  On Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
	    echo "minigrad needs Python 3.10 or newer; python3 here is: $$(python3 --version 2>&1 || true)." >&2; \
	    echo "  Debian, Ubuntu: apt install python3 python3-venv    macOS: brew install python" >&2; \
	    echo "  If a newer one is elsewhere: make PYTHON=/path/to/python3 ..." >&2; \
	fi; \
	exit 1
