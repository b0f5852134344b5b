"""Protocol: what was measured how, in the words that stand beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from types import MappingProxyType

from Training.simulation import Field
from XrayToCTLib.fidelity.tissues import BONE_ABOVE_HU, LUNG_BELOW_HU, TISSUES

from .hallucination import ELSEWHERE_MM, FOOTPRINT_SHARE
from .measure import BANDS
from .rows import BODY, CENTRAL

NOT_A_RADIOGRAPH = (
    "All numbers are of simulated radiographs of held-out CT patients: of a real radiograph there is no reference CT."
)


def _range_text(low: float, high: float) -> str:
    if low == -inf:
        return f"below {high:g}"
    return f"from {low:g}" if high == inf else f"{low:g} to {high:g}"


_TISSUE_TEXT = ", ".join(f"{name} {_range_text(*limits)}" for name, limits in TISSUES.items())

METRIC_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "MAE": "mean absolute error, HU",
        "ME": "mean error (bias), result - reference, HU: positive is too dense",
        "RMSE": "root mean squared error, HU",
        "PSNR-2500": "10 log10(2500^2 / MSE), one MSE over all voxels of the patient, not a mean over slices, dB",
        "PSNR-4024": "the same at range 4024, dB: 4.1 dB higher for the same result",
        "SSIM": "2D map of each slab of HU + 1024, pooled; gaussian 11 x 11, sigma 1.5, population covariance, range "
        "2500, 5 edge pixels left out",
        "MS-SSIM": "five scales (Wang 2003) of each slab, otherwise as SSIM; mean over slabs weighted by their voxels",
        "gradient correlation": "correlation of the horizontal and of the vertical Sobel gradients, mean of the two "
        "(Penney 1998); blur lowers it, an offset does not",
        "lung Dice": f"overlap of what lies below {LUNG_BELOW_HU:g} HU within the reference's body",
        "bone Dice": f"overlap of what lies above {BONE_ABOVE_HU:g} HU within the reference's body",
        "re-projection": "sum |re-summed slabs - input's line integrals| / sum of the latter, over the body's "
        "silhouette, percent",
        **{
            f"power {band} per mm": f"power of the result over that of the reference between {band} cycles per mm, "
            "Hann window, whole rows within the scanned length; below 1 is blur"
            for band in BANDS
        },
    }
)


def units(metric: str) -> str:
    """HU, dB, % or nothing."""
    if metric in ("MAE", "ME", "RMSE"):
        return "HU"
    return "dB" if metric.startswith("PSNR") else "%" if metric == "re-projection" else ""


def digits(metric: str) -> int:
    """Decimal places that are worth reading."""
    if units(metric) == "HU":
        return 1
    return {"dB": 2, "%": 1}.get(units(metric), 3)


def scope_text(slabs: str, mask: str, field: Field | None = None) -> str:
    """ "central slab (2D), body mask" and what that means."""
    count = f"{field.slabs} slabs of {field.slab_thickness:g} mm" if field else "all slabs"
    thick = f" of {field.slab_thickness:g} mm" if field else ""
    where = f"central slab{thick} (a 2D image)" if slabs == CENTRAL else f"{count} (voxels pooled in 3D)"
    return f"{where}, {'body mask' if mask == BODY else mask}"


def sentences(field: Field, patients: Sequence[str], resamples: int) -> tuple[str, ...]:
    """The protocol in full sentences."""
    few = (
        f"With {len(patients)} patients the intervals are shorter than they should be (the percentile bootstrap of "
        "four patients covers a normal mean in about 80 instead of 95 of 100 cases, and can never leave their range): "
        "read them as a spread between these patients, not as a statement about a population."
        if len(patients) < 12
        else ""
    )
    return tuple(
        sentence
        for sentence in (
            NOT_A_RADIOGRAPH,
            f"Test patients ({len(patients)}), which no part of any predictor saw: {', '.join(patients)}.",
            "One PA view of each: source 1.8 m, the patient's centre 180 mm before the detector, no tilt; table "
            f"removed; {field.size} x {field.size} pixels of {field.spacing:g} mm; {field.slabs} slabs of "
            f"{field.slab_thickness:g} mm in detector-ray geometry, rendered from the CT at its own resolution by the "
            "projector that also made the radiograph.",
            "Primary, fixed beforehand: body-masked MAE of the central slab.",
            "Result and reference are clipped to [-1024, 1476] HU; rays that leave the scanned length do not count.",
            "Body: per slab of the reference, HU > -500, the largest piece and all that it encloses, lungs included.",
            "Inputs: calibrated line integrals; and display-processed: S-shaped curve between the 2 % and 99.5 % "
            "quantiles, 8 bits, mapped back by the engine's quantile harmonisation onto the training patients' mean.",
            f"Tissues by the reference's HU: {_TISSUE_TEXT}; air within the whole field, the others within the body.",
            f"Intervals: 95 %, percentile bootstrap over patients, {resamples} resamples; differences are paired.",
            few,
        )
        if sentence
    )


BASELINES_TEXT = (
    "Classical baselines: the radiograph is filtered, then the grey-level map to each slab that errs least on the "
    "TRAINING patients is applied, affine (least squares over their bodies) or histogram matching. Mean CT: the mean "
    "of the training patients' slabs, whatever the input. Ridge on patches: 5 x 5 samples at five scales and the "
    "position, penalty by leaving out training patients."
)
RESPONSE_TEXT = (
    "A lesion is put into the CT (a ball of 30 HU into the lung), or the patient's own soft tissue near the lung is "
    "replaced by a ball of lung (-850 HU), a rib by muscle, the left lung by soft tissue; the radiograph is rendered "
    "anew. Response: change of the predicted stack, summed over slabs and over the footprint (rays whose true "
    f"projected change is above {FOOTPRINT_SHARE:.0%} of its maximum), divided by the same sum of the true change: 1 = "
    "faithful, 0 = ignored. In depth: the factor of the true change, voxel by voxel of the footprint, that fits the "
    "predicted one best (least squares): 1 only if it also lies in the right slabs. Elsewhere: mean absolute change of "
    f"the prediction in the body more than {ELSEWHERE_MM:g} mm from the footprint. Fed line integrals."
)
CONSISTENCY_TEXT = (
    "Mirror: the radiograph is mirrored; correlation, in the body of the central slab, between what is not "
    "symmetrical in the new prediction and in the mirrored old one: 1 = a mirrored heart comes out mirrored, -1 = it "
    "stays where hearts usually are. Cycle: relative L1 in the body between the radiograph and the re-summed stack (of "
    "an unpaired CycleGAN: what its own way back makes of the stack), before and after noise of 3/256 of the window "
    "was added to the stack: a code hidden in it would break."
)
ROBUSTNESS_TEXT = (
    "Body-masked MAE over all slabs against the slabs that a perfect translation of that very radiograph would give, "
    "relative to the same patient's unperturbed radiograph fed in the same way. Flagged: the engine refuses the image "
    "or warns of something that it does not warn of otherwise. A row passes if the error rises by at most 10 % or "
    "every patient's image is flagged."
)
