"""The icons, drawn by this script and by nothing else: a radiograph on the left becomes a stack of slabs on the right.

python -m Testing.demo.icons        # the module's and the extension's icon, 128 x 128, and the samples' thumbnails
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from Testing.demo.walk import RADIOGRAPH, REFERENCE
from XrayToCTLib import read_radiograph, read_stack

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE_ICON = REPOSITORY / "XrayToCT" / "Resources" / "Icons" / "XrayToCT.png"
EXTENSION_ICON = REPOSITORY / "Resources" / "XrayToCT.png"
SIDE = 128
# Both themes of Slicer: a dark film with bright bone is seen on white and on black, for it has a light edge.
_FILM, _EDGE, _BONE = QtGui.QColor("#10202f"), QtGui.QColor("#8fa7bb"), QtGui.QColor("#e8f1f8")
_SLABS = (QtGui.QColor("#0f6fb5"), QtGui.QColor("#2f95d8"), QtGui.QColor("#79c4f2"))


def draw_icon(side: int = SIDE) -> QtGui.QImage:
    """The icon at any size, transparent outside."""
    image = QtGui.QImage(side, side, QtGui.QImage.Format.Format_ARGB32)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.scale(side / SIDE, side / SIDE)
    _draw_film(painter)
    _draw_slabs(painter)
    painter.end()
    return image


def _draw_film(painter: QtGui.QPainter) -> None:
    """A chest film: the spine, and ribs as arcs that fall away from it."""
    painter.setPen(QtGui.QPen(_EDGE, 3))
    painter.setBrush(_FILM)
    painter.drawRoundedRect(QtCore.QRectF(5, 14, 70, 100), 9, 9)
    painter.setPen(_bone_pen(7))
    painter.drawLine(QtCore.QPointF(40, 27), QtCore.QPointF(40, 101))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    pen = _bone_pen(4.5)
    for row, reach in ((34, 19), (51, 25), (68, 25), (85, 20)):
        for sign in (-1, 1):
            rib = QtGui.QPainterPath(QtCore.QPointF(40 + 5 * sign, row))
            rib.cubicTo(40 + sign * reach * 0.7, row - 5, 40 + sign * reach, row + 2, 40 + sign * reach, row + 13)
            painter.setPen(pen)
            painter.drawPath(rib)


def _bone_pen(width: float) -> QtGui.QPen:
    pen = QtGui.QPen(_BONE, width)
    pen.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    return pen


def _draw_slabs(painter: QtGui.QPainter) -> None:
    """Three slabs one behind the other, the nearest brightest."""
    for index, color in enumerate(_SLABS):
        x, y = 88 - 15 * index, 22 + 14 * index
        slab = QtGui.QPolygonF([QtCore.QPointF(*p) for p in ((x, y + 10), (x + 34, y), (x + 34, y + 58), (x, y + 68))])
        painter.setPen(QtGui.QPen(QtGui.QColor("#ffffff"), 2.5))
        painter.setBrush(color)
        painter.drawPolygon(slab)


def draw_sample(pixels: np.ndarray) -> QtGui.QImage:
    """(rows, cols) as a thumbnail for the Sample Data module: windowed, square, on black."""
    low, high = np.percentile(pixels, (1, 99))
    grey = (np.clip((pixels - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    rows, columns = grey.shape
    film = QtGui.QImage(grey.tobytes(), columns, rows, columns, QtGui.QImage.Format.Format_Grayscale8)
    image = QtGui.QImage(SIDE, SIDE, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtCore.Qt.GlobalColor.black)
    ratio, smooth = QtCore.Qt.AspectRatioMode.KeepAspectRatio, QtCore.Qt.TransformationMode.SmoothTransformation
    film = film.scaled(SIDE, SIDE, ratio, smooth)
    painter = QtGui.QPainter(image)
    painter.drawImage((SIDE - film.width()) // 2, (SIDE - film.height()) // 2, film)
    painter.end()
    return image


def main() -> int:
    QtWidgets.QApplication.instance() or QtWidgets.QApplication(["icons"])
    radiograph, reference = read_radiograph(RADIOGRAPH).pixels[0], read_stack(REFERENCE).central_slab
    icons = MODULE_ICON.parent
    drawn = {
        MODULE_ICON: draw_icon(),
        EXTENSION_ICON: draw_icon(),
        icons / "SampleRadiograph.png": draw_sample(radiograph),
        icons / "SampleReference.png": draw_sample(reference),
    }
    for path, image in drawn.items():
        if not image.save(str(path)):
            print(f"{path} could not be written", file=sys.stderr)
            return 1
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
