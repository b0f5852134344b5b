"""A volume rendering of a stack file, in a process of its own: `python -m Testing.demo.volume_rendering STACK PNG`.

Graphics drivers of bare machines crash or hang rather than fail; in a process of its own nobody waits for them. Exit
code 0 only when the picture was written and shows something.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# HU, opacity per 10 mm: air is clear, lungs a faint haze, fat and muscle a shell to see through, blood and bone solid.
_OPACITY = (
    (-1024, 0.0),
    (-930, 0.0),
    (-860, 0.03),
    (-600, 0.03),
    (-450, 0.1),
    (-150, 0.07),
    (0, 0.05),
    (40, 0.12),
    (130, 0.5),
    (300, 0.95),
)
_COLOUR = (
    (-1024, (0.1, 0.15, 0.3)),
    (-850, (0.35, 0.5, 0.75)),
    (-600, (0.55, 0.6, 0.75)),
    (-400, (0.8, 0.6, 0.5)),
    (-50, (0.85, 0.55, 0.42)),
    (60, (0.8, 0.3, 0.22)),
    (200, (0.95, 0.85, 0.7)),
    (500, (1.0, 1.0, 0.95)),
)
_SIZE = (700, 700)
_LONGEST = 224  # pixels an axis: the ray caster of a machine without a GPU takes seconds at this size, minutes at 2000
_SLICE_MM = 5.0  # slabs are interpolated to this, or their edges would show as terraces


def main(arguments: list[str]) -> int:
    stack, picture = (Path(argument) for argument in arguments)
    render(stack, picture)
    return 0


def render(stack: Path, picture: Path) -> None:
    """Draws a stack file (.nrrd, .nii.gz, .mha) from the detector's side, a little from the left and above."""
    import vtk

    volume = vtk.vtkVolume()
    mapper = vtk.vtkGPUVolumeRayCastMapper()
    mapper.SetInputData(_image_data(vtk, stack))
    mapper.SetAutoAdjustSampleDistances(False)
    mapper.SetSampleDistance(4.0)
    mapper.SetUseJittering(True)
    volume.SetMapper(mapper)
    volume.SetProperty(_appearance(vtk))

    renderer = vtk.vtkRenderer()
    renderer.SetBackground(0.063, 0.078, 0.094)
    renderer.AddVolume(volume)
    _aim(renderer, volume)
    _caption(vtk, renderer)

    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetSize(*_SIZE)
    window.AddRenderer(renderer)
    window.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    low, high = grab.GetOutput().GetPointData().GetScalars().GetRange(0)
    if high - low < 40:
        raise SystemExit("the renderer drew an empty picture")
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(picture))
    writer.SetInputConnection(grab.GetOutputPort())
    writer.Write()


def _image_data(vtk: Any, path: Path) -> Any:
    """The stack as vtkImageData, x = columns, y = rows, z = depth, coarser in plane and finer in depth."""
    import cv2
    import numpy as np
    import SimpleITK as sitk
    from vtk.util.numpy_support import numpy_to_vtk

    image = sitk.ReadImage(str(path))
    size, spacing = image.GetSize(), image.GetSpacing()
    factor = max(1.0, max(size[:2]) / _LONGEST)
    cols, rows, depth = (
        *(max(1, round(n / factor)) for n in size[:2]),
        max(1, round(size[2] * spacing[2] / _SLICE_MM)),
    )
    slabs = sitk.GetArrayFromImage(image).astype(np.float32)
    small = np.stack([cv2.resize(slab, (cols, rows), interpolation=cv2.INTER_AREA) for slab in slabs])
    # Cubic along the depth: linear would show each slab as a terrace.
    hu = np.stack([cv2.resize(small[:, row], (cols, depth), interpolation=cv2.INTER_CUBIC) for row in range(rows)], 1)
    data = vtk.vtkImageData()
    data.SetDimensions(cols, rows, depth)
    data.SetSpacing(size[0] * spacing[0] / cols, size[1] * spacing[1] / rows, size[2] * spacing[2] / depth)
    data.GetPointData().SetScalars(numpy_to_vtk(np.clip(hu, -1024, 1500).ravel(), deep=True))
    return data


def _appearance(vtk: Any) -> Any:
    opacity, colour = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for hu, value in _OPACITY:
        opacity.AddPoint(hu, value)
    for hu, rgb in _COLOUR:
        colour.AddRGBPoint(hu, *rgb)
    look = vtk.vtkVolumeProperty()
    look.SetScalarOpacity(opacity)
    look.SetScalarOpacityUnitDistance(10.0)
    look.SetColor(colour)
    look.SetInterpolationTypeToLinear()
    look.ShadeOn()
    look.SetAmbient(0.35)
    look.SetDiffuse(0.75)
    look.SetSpecular(0.15)
    return look


def _aim(renderer: Any, volume: Any) -> None:
    """From slab 0, rows downwards; in a PA view the patient faces the viewer."""
    camera = renderer.GetActiveCamera()
    centre = volume.GetCenter()
    camera.SetFocalPoint(*centre)
    camera.SetPosition(centre[0], centre[1], centre[2] - 1000)
    camera.SetViewUp(0, -1, 0)
    camera.Azimuth(25)
    camera.Elevation(12)
    camera.OrthogonalizeViewUp()
    renderer.ResetCamera(volume.GetBounds())
    camera.Zoom(1.35)
    renderer.ResetCameraClippingRange()


def _caption(vtk: Any, renderer: Any) -> None:
    text = vtk.vtkTextActor()
    text.SetInput("Estimated CT, volume rendering. Research use only. Not for diagnostic use.")
    text.GetTextProperty().SetFontSize(15)
    text.GetTextProperty().SetColor(0.6, 0.64, 0.68)
    text.SetPosition(12, 10)
    renderer.AddViewProp(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
