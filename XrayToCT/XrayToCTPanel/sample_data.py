"""Sample data: what the Sample Data module offers and the panel's button loads. Simulated, never a real radiograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError

CATEGORY = "X-ray to CT"
_FOLDER = Path(__file__).resolve().parents[1] / "Resources" / "SampleData"
RADIOGRAPH_FILE = _FOLDER / "XrayToCT-sample-chest-PA.dcm"
REFERENCE_FILE = _FOLDER / "XrayToCT-sample-reference-stack.nrrd"
RADIOGRAPH_NAME = "Sample chest PA (simulated)"
_ICONS = Path(__file__).resolve().parents[1] / "Resources" / "Icons"
REFERENCE_NAME = "Sample reference CT stack"


def registerSampleData() -> None:
    """Called on startupCompleted: the Sample Data module may load after this one."""
    import SampleData

    samples = (
        (RADIOGRAPH_FILE, RADIOGRAPH_NAME, _ICONS / "SampleRadiograph.png"),
        (REFERENCE_FILE, REFERENCE_NAME, _ICONS / "SampleReference.png"),
    )
    for path, name, thumbnail in samples:
        if path.is_file():
            SampleData.SampleDataLogic.registerCustomSampleDataSource(
                category=CATEGORY,
                sampleName=name,
                uris=path.as_uri(),
                fileNames=path.name,
                nodeNames=name,
                thumbnailFileName=str(thumbnail),
                loadFileType="VolumeFile",
            )


def loadSampleRadiograph() -> Any:
    """Loads the sample radiograph into the scene.

    Raises:
        XrayToCTError: the file did not come with this installation, or cannot be read.
    """
    import slicer

    if not RADIOGRAPH_FILE.is_file():
        raise XrayToCTError("The sample radiograph is missing.", hint="Install the extension again.")
    try:
        return slicer.util.loadVolume(str(RADIOGRAPH_FILE), {"name": RADIOGRAPH_NAME, "singleFile": True})
    except RuntimeError as error:
        raise XrayToCTError(f"The sample radiograph cannot be loaded ({error}).", hint="See the log.") from error
