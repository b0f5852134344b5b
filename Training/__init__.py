"""Standalone training: prepare -> train -> evaluate -> export, run as ``python -m Training`` from the checkout."""
