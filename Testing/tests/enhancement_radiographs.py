"""Small radiographs that enhancement is tested on."""

from __future__ import annotations

import numpy as np

from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource


def chest_like(
    shape: tuple[int, int] = (96, 80),
    *,
    frames: int = 1,
    scale: IntensityScale = IntensityScale.DISPLAY,
    top: float = 4095.0,
    noise: float = 0.01,
) -> Radiograph:
    """Two dark lungs with ribs in a bright body, with Gaussian noise, values from about 0 to ``top``."""
    rng = np.random.default_rng(7)
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    y, x = rows / shape[0] - 0.5, cols / shape[1] - 0.5
    image = 0.75 - 0.5 * y**2 - 0.6 * x**2
    for side in (-0.2, 0.2):
        lung = ((x - side) / 0.15) ** 2 + (y / 0.35) ** 2 < 1
        image[lung] -= 0.45
    image += 0.05 * (np.sin(rows * 0.7) > 0.8)
    frames_of = [image + noise * rng.standard_normal(shape) for _ in range(frames)]
    pixels = (np.clip(np.stack(frames_of), 0, 1) * top).astype(np.float32)
    return Radiograph(pixels, (1.5, 1.25), SpacingSource.CALLER, scale, "phantom.png", "1", history=("Read.",))
