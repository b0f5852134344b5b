"""Tests, the Slicer host, the demo and the benchmarks: run from the checkout, never installed."""
