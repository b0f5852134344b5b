"""CT -> radiograph and CT -> slabs, in detector-ray geometry.

One implementation for training, reference and physics check.
"""

from .body import remove_table
from .ct_volume import CtVolume, read_ct
from .geometry import ProjectionGeometry
from .project import project, reference_stack

__all__ = ["CtVolume", "ProjectionGeometry", "project", "read_ct", "reference_stack", "remove_table"]
