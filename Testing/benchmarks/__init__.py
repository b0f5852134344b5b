"""Benchmarks: ratios within one run, never a gate of the tests."""
