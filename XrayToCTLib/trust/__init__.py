"""Trust: how far to believe a stack. The input gate's verdict, the re-projection check, the network's own unsteadiness.

``XrayToCTLib.trust`` is both this package and the public verb ``x2ct.trust(stack, radiograph)``: Python binds a
package's name to the package as soon as any file of it is imported, so the package itself answers the call.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trust_report import TrustReport


class _TrustPackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> TrustReport:
        """See ``check.trust``."""
        from .check import trust

        return trust(*arguments, **options)


sys.modules[__name__].__class__ = _TrustPackage
