"""Worker: translations in a child process that stays warm, so that a program with windows never waits.

client = WorkerClient()
job = client.submit(radiograph)
... job.poll() from a timer until .done ...
stack = job.result()
client.close()
"""

from __future__ import annotations

from .client import WorkerClient
from .job import Job, JobState

__all__ = ["Job", "JobState", "WorkerClient"]
