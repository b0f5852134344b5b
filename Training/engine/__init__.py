"""The training loop and what surrounds it: checkpoint, log, schedule, time, stopping, pictures."""
