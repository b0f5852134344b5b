"""What a run's YAML says about the bundle that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CHEST_LIMITS = (
    "Research use only; not for diagnostic use.",
    "Depth is not in a single radiograph: slabs are the most plausible anatomy, not a measurement. A lesion may be "
    "missing, misplaced in depth or invented.",
    "HU are estimates. From a display-processed image (PNG, JPEG, most DICOM for presentation) the exposure is unknown "
    "and the values are mapped onto a reference distribution.",
    "Trained on chest CT of {patients} patients; frontal views only (PA, AP). Children, lateral views, other anatomy, "
    "implants, large effusions and post-surgical chests were not, or hardly, seen.",
    "Measured on simulated radiographs of held-out CT patients; on real radiographs there was no reference CT to "
    "measure against.",
)


@dataclass(frozen=True)
class CardSettings:
    """The card's words; everything that can be measured or looked up comes from the run itself.

    Attributes:
        variant: a name such as "fast": the run's network joins the bundle of this id and version, which must be there,
            and shares its card; of the words here only the description is then used.
        id, version, title, description: as the card shows them; the bundle's folder is called like the id.
        anatomy, views, source_modality, target_modality: what goes in and what comes out.
        limits: sentences; ``{patients}`` stands for the number of CT patients that trained.
        licence: of the weights, SPDX.
        folder: where the bundle is written; None is the library's folder of bundled models.
        onnx: also write the ONNX graph, so that the model runs without torch.
        gate: also fit the input gate, which warns of radiographs unlike those of the training.
        sample: a radiograph for the preview picture; None is the one that the extension ships.
    """

    id: str = "my-model"
    version: str = "0.1.0"
    title: str = "A model of my own"
    description: str = "See the training run."
    variant: str | None = None
    anatomy: str = "chest"
    views: list[str] = field(default_factory=lambda: ["PA", "AP"])
    source_modality: str = "radiograph"
    target_modality: str = "CT"
    limits: list[str] = field(default_factory=lambda: list(CHEST_LIMITS))
    licence: str = "CC-BY-4.0"
    folder: Path | None = None
    onnx: bool = True
    gate: bool = True
    sample: Path | None = None
