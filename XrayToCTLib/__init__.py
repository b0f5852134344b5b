"""XrayToCT, the engine: CT-like stacks from radiographs. Research use only, not for diagnostic use.

    import XrayToCTLib as x2ct

    radiograph = x2ct.read_radiograph("chest.dcm")
    stack = x2ct.translate(radiograph)
    x2ct.write_stack(stack, "chest-ct-stack.nrrd")

Names are looked up on first use, so that ``import XrayToCTLib`` itself imports nothing further.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .alignment import ReferenceVolume, read_reference, reference_from_array
    from .batches.batch import BatchReport, batch
    from .ct_stack import CtStack
    from .dicom.write_stack_dicom import write_dicom
    from .enhancement.enhance import enhance
    from .errors import XrayToCTError
    from .fidelity import FidelityReport, compare
    from .models.card import ModelCard
    from .models.import_model import import_model
    from .models.registry import models
    from .projection.project import project, reference_stack
    from .radiograph import Radiograph
    from .readers import read_radiograph
    from .translation.engine import translate
    from .translation.stack_file import read_stack, write_stack
    from .translation.translator import Translator
    from .trust.check import trust
    from .trust.trust_report import TrustReport
    from .trust_map import TrustMap

_HOMES = {
    "BatchReport": ".batches.batch",
    "CtStack": ".ct_stack",
    "FidelityReport": ".fidelity",
    "ModelCard": ".models.card",
    "Radiograph": ".radiograph",
    "ReferenceVolume": ".alignment",
    "Translator": ".translation.translator",
    "TrustMap": ".trust_map",
    "TrustReport": ".trust.trust_report",
    "XrayToCTError": ".errors",
    "batch": ".batches.batch",
    "compare": ".fidelity",
    "enhance": ".enhancement.enhance",
    "import_model": ".models.import_model",
    "models": ".models.registry",
    "project": ".projection.project",
    "read_radiograph": ".readers",
    "read_reference": ".alignment",
    "read_stack": ".translation.stack_file",
    "reference_from_array": ".alignment",
    "reference_stack": ".projection.project",
    "translate": ".translation.engine",
    "trust": ".trust.check",
    "write_dicom": ".dicom.write_stack_dicom",
    "write_stack": ".translation.stack_file",
}

__all__ = [
    "BatchReport",
    "CtStack",
    "FidelityReport",
    "ModelCard",
    "Radiograph",
    "ReferenceVolume",
    "Translator",
    "TrustMap",
    "TrustReport",
    "XrayToCTError",
    "__version__",
    "batch",
    "compare",
    "enhance",
    "import_model",
    "models",
    "project",
    "read_radiograph",
    "read_reference",
    "read_stack",
    "reference_from_array",
    "reference_stack",
    "translate",
    "trust",
    "write_dicom",
    "write_stack",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
