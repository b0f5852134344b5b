"""Variant specifications: the metrics of SynthRAD2023 and X2CT-GAN as rows that carry their label."""

from __future__ import annotations

from . import published_variants as published
from .metric_spec import ONLY_HU, MetricSpec, with_mask, without_mask
from .metrics import SSIM_K1, SSIM_K2

_UNIFORM = f"uniform 7 taps an axis, sample covariance, K1 {SSIM_K1:g}, K2 {SSIM_K2:g}, 3 voxels at each face left out"


def _synthrad(name: str, function: object, text: str, *, kernel: str = "", **more: object) -> MetricSpec:
    return MetricSpec(
        f"{name} ({published.SYNTHRAD})",
        with_mask(function),  # type: ignore[arg-type]  # all take (a, b, mask)
        text,
        kinds=ONLY_HU,
        clipped=False,
        kernel=kernel,
        variant=published.SYNTHRAD,
        body_only=True,
        volume_only=True,
        pooling="3D",
        **more,  # type: ignore[arg-type]  # unit, better, data_range
    )


def _x2ct(name: str, function: object, text: str, *, pooling: str = "3D", **more: str) -> MetricSpec:
    return MetricSpec(
        f"{name} ({published.X2CT})",
        without_mask(function),  # type: ignore[arg-type]  # all take (a, b)
        text,
        kinds=ONLY_HU,
        clipped=False,
        variant=published.X2CT,
        whole_only=True,
        masked=False,
        volume_only=True,
        pooling=pooling,
        **more,  # type: ignore[arg-type]  # unit, better, data_range, kernel
    )


VARIANT_SPECS: tuple[MetricSpec, ...] = (
    _synthrad("MAE", published.synthrad_mae, "Mean absolute error, not clipped", unit="value", better="lower"),
    _synthrad("PSNR", published.synthrad_psnr, "PSNR of HU clipped to [-1024, 3000]", unit="dB", data_range="4024 HU"),
    _synthrad(
        "SSIM",
        published.synthrad_ssim,
        "SSIM in 3D of HU clipped to [-1024, 3000], air outside of the body",
        kernel=_UNIFORM,
        voxels=published.voxels_within,
        data_range="4024 HU",
    ),
    _x2ct(
        "MAE",
        published.x2ct_mae,
        "Mean absolute error, HU clipped to [-1024, 1476]",
        unit="value",
        better="lower",
    ),
    _x2ct(
        "PSNR",
        published.x2ct_psnr,
        "PSNR at a peak of 4095, HU clipped to [-1024, 1476]",
        unit="dB",
        data_range="4095 HU",
    ),
    _x2ct(
        "SSIM",
        published.x2ct_ssim,
        "SSIM of HU clipped to [-1024, 1476]",
        kernel=_UNIFORM,
        pooling="slices along three axes, mean",
        data_range="2500 HU",
    ),
)
