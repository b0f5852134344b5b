"""Export verbs: stacks out of Slicer, models into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .dependencies import ensureDependencies
from .export_run import startDicomExport, startImport, startPictureExport, startStackExport


class ExportVerbs:
    """Mixed into XrayToCTLogic."""

    def exportDicom(
        self,
        node: Any,
        directory: str | Path,
        *,
        patientId: str | None = None,
        overwrite: bool = False,
        wait: bool = True,
        progress: Any = None,
    ) -> Any:
        """Writes a stack as one DICOM object: a multi-frame secondary capture that says that it is synthetic.

        Args:
            node: volume node of a stack.
            directory: folder, which is made when it is not there.
            patientId: where the radiograph is no DICOM file, and so names no patient.
            overwrite: replace a file that is there.
            wait, progress: as for ``translate``.

        Returns:
            The path of the file. With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startDicomExport(node, directory, patientId=patientId, overwrite=overwrite).reportTo(progress)
        return run.result() if wait else run

    def exportStack(
        self, node: Any, directory: str | Path, *, overwrite: bool = False, wait: bool = True, progress: Any = None
    ) -> Any:
        """Writes a stack as NRRD, where the node lies, with where it came from in the header; as ``exportDicom``."""
        ensureDependencies()
        run = startStackExport(node, directory, overwrite=overwrite).reportTo(progress)
        return run.result() if wait else run

    def exportPicture(
        self,
        node: Any,
        directory: str | Path,
        *,
        slab: int | None = None,
        window: str = "Whole",
        overwrite: bool = False,
        wait: bool = True,
        progress: Any = None,
    ) -> Any:
        """Writes a PNG of the radiograph and one slab (None: the central one) in a CT window; as ``exportDicom``."""
        ensureDependencies()
        run = startPictureExport(node, directory, slab=slab, window=window, overwrite=overwrite).reportTo(progress)
        return run.result() if wait else run

    def importModel(
        self,
        pathOrUrl: str | Path,
        sha256: str | None = None,
        *,
        overwrite: bool = False,
        wait: bool = True,
        progress: Any = None,
    ) -> Any:
        """Installs a model from a folder, a .zip or an https address; every file is checked against its card.

        Args:
            pathOrUrl: where it is. An interrupted download goes on where it stopped.
            sha256: that the .zip (or the folder's card.json) must have.
            overwrite: replace another model of the same id and version.
            wait, progress: as for ``translate``.

        Returns:
            XrayToCTLib.ModelCard. With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startImport(pathOrUrl, sha256=sha256, overwrite=overwrite).reportTo(progress)
        return run.result() if wait else run
