"""Models: the card that describes one, the bundle that holds one, the registry that finds one.

``XrayToCTLib.models`` is both this package and the public verb ``x2ct.models()``: Python binds a package's name to the
package as soon as any file of it is imported, so the package itself answers the call.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .card import ModelCard


class _ModelsPackage(ModuleType):
    def __call__(self) -> list[ModelCard]:
        """The cards of all models that are there, the default first."""
        from .registry import models

        return models()


sys.modules[__name__].__class__ = _ModelsPackage
