# Two commands are all the set-up there is: `make demo` and `make test`.
PYTHON ?= python3
# On Linux without a GPU, PyTorch's CPU build is enough: see pytorch.org for how to name it here.
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
# Processes that run the tests, a file at a time; WORKERS=0 runs them in this one.
WORKERS ?= 2
CONFIG ?= Training/configs/physics-cyclegan-chest-ct.yaml

.PHONY: help demo test bench speed prepare train evaluate report export clean

help:
	@echo "make demo      sample radiograph -> CT-like stack -> report, in ./demo"
	@echo "make test      every check: ruff, mypy, tests, packaging"
	@echo "make bench     speed and memory against named baselines"
	@echo "make speed     the README's table of the speed of translation"
	@echo "make prepare train evaluate report export   a model of your own (CONFIG=...), see Training/README.md"

# The stamp is the last thing written: an interrupted installation is done again.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet -e ".[torch,slicer,train,test]"
	touch $@

demo: $(VENV)/installed
	$(BIN)/python -m Testing.demo --output demo

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --no-deps diffdrr==0.4.8
	$(BIN)/python -m Testing.benchmarks.bench_projector
	$(BIN)/python -m Testing.benchmarks.bench_translation
	$(BIN)/python -m Testing.benchmarks.bench_simulation
	$(BIN)/python -m Testing.benchmarks.bench_training
	$(BIN)/python -m Testing.benchmarks.bench_enhancement_pipelines
	$(BIN)/python -m Testing.benchmarks.bench_enhancement
	$(BIN)/python -m Testing.benchmarks.bench_worker
	$(BIN)/python -m Testing.benchmarks.bench_backends
	$(BIN)/python -m Testing.benchmarks.bench_batch
	$(BIN)/python -m Testing.benchmarks.bench_ssim
	$(BIN)/python -m Testing.benchmarks.bench_enhancement_agreement
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m Testing.benchmarks.bench_panel_responsiveness
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m Testing.benchmarks.bench_enhancement_panel
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m Testing.benchmarks.bench_reader_study

speed: $(VENV)/installed
	$(BIN)/python -m Testing.benchmarks.speed_table

prepare train evaluate report export: $(VENV)/installed
	$(BIN)/python -m Training $@ --config $(CONFIG)

clean:
	rm -rf $(VENV) demo build *.egg-info
