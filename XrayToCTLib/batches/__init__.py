"""Batches: many radiographs to stacks, on one machine or on many, so that nothing that goes wrong with one of them
stops the others, and an interrupted batch goes on where it was.

``run_image`` makes one image's files in a work folder and runs anywhere: in child processes of this program
(``local_pool``) or on a Dask cluster (``dask_pool``). Only the program that was started publishes: it writes the ledger
line, then moves the files into place.
"""

from __future__ import annotations
