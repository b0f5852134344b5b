"""Metric specifications: which metrics there are, and which of them make sense for a kind of pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import XrayToCTError
from . import across_contrasts, correlation, detail, metrics, structure, tissues
from .metric_spec import EVERY_KIND, GREY, HU, MR, ONLY_HU, ONLY_MR, Function, MetricSpec, with_mask, without_mask
from .variant_specs import VARIANT_SPECS

BASIC, ALL = "basic", "all"
_GAUSSIAN = f"gaussian 11 x 11, sigma 1.5 pixels, population covariance, K1 {metrics.SSIM_K1:g}, K2 {metrics.SSIM_K2:g}"
_KINDS = {HU: "two CTs", GREY: "two radiographs", MR: "a CT-like image and an MRI"}


def specs(chosen: str | Sequence[str], kind: str) -> list[MetricSpec]:
    """The metrics of a choice that make sense for a kind of pair.

    Args:
        chosen: "basic", "all", or names of metrics.

    Raises:
        XrayToCTError: there is no such metric.
    """
    names = [chosen] if isinstance(chosen, str) else list(chosen)
    known = {spec.name for spec in SPECS} | {BASIC, ALL}
    for name in names:
        if name not in known:
            raise XrayToCTError(f"There is no metric '{name}'.", hint=f"Choose of {', '.join(sorted(known))}.")
    made = [
        spec
        for spec in SPECS
        if kind in spec.kinds
        and (ALL in names or spec.name in names or (BASIC in names and (spec.basic or kind == MR)))
    ]
    if not made:
        raise XrayToCTError(
            f"{', '.join(names)} makes no sense between {_KINDS[kind]}.",
            hint="There: " + ", ".join(spec.name for spec in SPECS if kind in spec.kinds) + ".",
        )
    return made


def _tissue(name: str) -> Function:
    def of_tissue(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> float:
        inside = tissues.tissue_mask(b, name)
        inside = inside if mask is None else inside & mask
        return metrics.mae(a, b, inside) if inside.any() else float("nan")

    return of_tissue


def _tissue_voxels(name: str) -> Callable[[np.ndarray, np.ndarray | None], int]:
    def of_tissue(reference: np.ndarray, mask: np.ndarray | None) -> int:
        inside = tissues.tissue_mask(reference, name)
        return int((inside if mask is None else inside & mask).sum())

    return of_tissue


def _tissue_text(name: str) -> str:
    low, high = tissues.TISSUES[name]
    where = f"below {high:g}" if np.isinf(low) else f"from {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
    return f"Mean absolute error where the reference is {name} ({where} HU)"


SPECS: tuple[MetricSpec, ...] = (
    MetricSpec("MAE", metrics.mae, "Mean absolute error", "value", "lower", basic=True),
    MetricSpec("ME", metrics.me, "Mean of result - reference", "value", "zero", basic=True),
    MetricSpec("RMSE", metrics.rmse, "Root mean squared error", "value", "lower", basic=True),
    MetricSpec("PSNR", metrics.psnr, "Peak signal to noise, from one MSE", "dB", basic=True, scaled=True, ranged=True),
    MetricSpec(
        "SSIM",
        metrics.ssim,
        "Structural similarity of values above the window's lower end",
        basic=True,
        pooling="2D maps of each slab, pooled",
        scaled=True,
        ranged=True,
        kernel=_GAUSSIAN,
        rim=metrics.SSIM_RADIUS,
    ),
    MetricSpec(
        "MS-SSIM",
        structure.ms_ssim,
        f"Multi-scale structural similarity, exponents {', '.join(f'{w:g}' for w in structure.MS_SSIM_WEIGHTS)} "
        "(Wang 2003)",
        pooling="of each slab, mean weighted by voxels",
        scaled=True,
        ranged=True,
        kernel=_GAUSSIAN,
        rim=metrics.SSIM_RADIUS,
    ),
    MetricSpec("NCC", correlation.ncc, "Normalised cross-correlation (Pearson's r)"),
    MetricSpec(
        "NMI",
        correlation.nmi,
        "Normalised mutual information, 1 to 2 (Studholme 1999)",
        kinds=EVERY_KIND,
        kernel=f"joint histogram of {correlation.NMI_BINS} x {correlation.NMI_BINS} between the extremes of each",
    ),
    MetricSpec(
        "gradient correlation",
        structure.gradient_correlation,
        "Mean correlation of both gradients (Penney 1998)",
        kernel="Sobel 3 x 3",
        rim=1,
        pooling="gradients in the plane of a slab, all voxels pooled",
    ),
    MetricSpec(
        "GMSD",
        detail.gmsd,
        "Gradient magnitude similarity deviation (Xue 2014), T = 170 at a range of 255",
        better="lower",
        kernel="2 x 2 means, Prewitt 3 x 3",
        rim=2,  # a pixel of the halved image, whose gradient would need neighbours from outside
        scaled=True,
        ranged=True,
        pooling="of each slab, mean",
    ),
    MetricSpec(
        "VIF",
        without_mask(detail.vif),
        "Visual information fidelity, pixel domain (Sheikh 2006), noise variance 2 at a range of 255",
        kernel="gaussian 17, 9, 5, 3",
        scaled=True,
        ranged=True,
        whole_only=True,
        masked=False,
        pooling="of each slab, mean",
    ),
    MetricSpec(
        "HFEN",
        detail.hfen,
        "High-frequency error norm (Ravishankar 2011), relative to the reference",
        better="lower",
        kernel="Laplacian of gaussian 15 x 15, sigma 1.5 pixels",
        rim=detail.HFEN_RADIUS,
        pooling="filtered in the plane of a slab, all voxels pooled",
    ),
    MetricSpec(
        "histogram distance",
        correlation.histogram_distance,
        "Earth mover's distance of the two distributions",
        "value",
        "lower",
    ),
    *(
        MetricSpec(
            f"MAE {name}",
            _tissue(name),
            _tissue_text(name),
            "value",
            "lower",
            ONLY_HU,
            whole_only=name == "air",
            body_only=name != "air",
            voxels=_tissue_voxels(name),
        )
        for name in tissues.TISSUES
    ),
    MetricSpec(
        "lung Dice", with_mask(tissues.lung_dice), "Overlap of what lies below -500 HU", kinds=ONLY_HU, body_only=True
    ),
    MetricSpec(
        "bone Dice", with_mask(tissues.bone_dice), "Overlap of what lies above 150 HU", kinds=ONLY_HU, body_only=True
    ),
    MetricSpec(
        "edge alignment",
        across_contrasts.edge_alignment,
        "Normalised gradient fields: mean squared cosine between the gradients (Haber 2006)",
        kinds=ONLY_MR,
        kernel="central differences",
        rim=1,
        pooling="gradients in the plane of a slab, all voxels pooled",
    ),
    *VARIANT_SPECS,
)
