"""Advanced section: where the result goes and where the network runs."""

from __future__ import annotations

from .section import Section


class AdvancedSection(Section):
    """Its widgets are bound to their parameters, and need nothing else."""

    uiFile = "AdvancedSection.ui"
