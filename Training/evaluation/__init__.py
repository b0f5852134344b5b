"""Evaluation: one protocol for every model and baseline, per patient, with intervals, and a page to read it on."""
