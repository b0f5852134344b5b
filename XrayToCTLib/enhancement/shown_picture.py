"""Shown pictures: images in eight bits for a screen, one beside or over the other, as bytes that any toolkit reads."""

from __future__ import annotations

import numpy as np

_TAIL = 0.005
_LINE = 255


def display_window(image: np.ndarray, mask: np.ndarray | None = None) -> tuple[float, float]:
    """(black, white): the 0.5 and 99.5 percentiles of an image under its mask, as a viewer chooses them.

    Args:
        image: (rows, cols), finite.
        mask: bool (rows, cols); None for the whole image.
    """
    inside = image[mask] if mask is not None and mask.any() else image
    low, high = (float(value) for value in np.quantile(inside, [_TAIL, 1 - _TAIL]))
    return (low, high) if high > low else (float(image.min()), float(max(image.max(), image.min() + 1e-6)))


def window_about(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """The window of an image after a pipeline, beside the one of the image before it.

    It is never narrower than the first, so that lost contrast is seen as such, and as wide as the second where the
    pipeline spread the grey levels further.
    """
    return min(first[0], second[0]), max(first[1], second[1])


def grey_picture(image: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """uint8 (rows, cols), black and white at the window's ends."""
    low, high = window
    share = (image - np.float32(low)) * np.float32(255.0 / max(high - low, 1e-30))
    return np.asarray(np.clip(np.rint(share), 0, 255), np.uint8)


def split_picture(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """``before`` to the left of ``share`` (0 to 1) of the width, ``after`` to the right, a line between.

    Args:
        before, after: uint8 (rows, cols) of one shape.
    """
    column = round(min(max(share, 0.0), 1.0) * after.shape[1])
    picture = after.copy()
    picture[:, :column] = before[:, :column]
    if 0 < column < after.shape[1]:
        picture[:, column] = _LINE
    return picture


def beside(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two uint8 pictures of one height side by side, a line between."""
    line = np.full((first.shape[0], 2), _LINE, np.uint8)
    return np.hstack([first, line, second])


def netpbm(picture: np.ndarray) -> bytes:
    """A picture as a binary PGM (rows, cols) or PPM (rows, cols, 3) file: no encoding, so it costs a copy."""
    rows, cols = picture.shape[:2]
    kind = b"P5" if picture.ndim == 2 else b"P6"
    return b"%s\n%d %d\n255\n" % (kind, cols, rows) + np.ascontiguousarray(picture, np.uint8).tobytes()


def fitted(image: np.ndarray, spacing: tuple[float, float], width: int, height: int) -> np.ndarray:
    """An image (rows, cols) scaled into a box, with pixels of equal width and height however it is spaced."""
    import cv2

    tall, wide = image.shape[0] * spacing[0], image.shape[1] * spacing[1]
    scale = min(width / wide, height / tall)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    smaller = size[0] < image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way)).reshape(size[::-1])
