"""Stand-in for the SampleData module: it keeps what modules register and loads file:// samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

__all__ = ["SampleDataLogic"]

_sources: list[dict[str, Any]] = []


def forget() -> None:
    _sources.clear()


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris: Any = None,
        fileNames: Any = None,
        nodeNames: Any = None,
        customDownloader: Any = None,
        thumbnailFileName: str | None = None,
        loadFileType: Any = None,
        loadFiles: Any = None,
        loadFileProperties: Any = None,
        checksums: Any = None,
    ) -> None:
        if not sampleName or not (uris or customDownloader):
            raise ValueError("a sample needs a name and a place to come from")
        if thumbnailFileName is not None and not Path(thumbnailFileName).is_file():
            raise FileNotFoundError(thumbnailFileName)  # Slicer shows a blank button
        source = {"category": category, "sampleName": sampleName, "uris": uris, "nodeNames": nodeNames}
        _sources.append(source | {"thumbnail": thumbnailFileName})

    @staticmethod
    def sampleDataSourcesByCategory(category: str) -> list[dict[str, Any]]:
        return [source for source in _sources if source["category"] == category]

    def downloadSamples(self, sampleName: str) -> list[Any]:
        """Loads a registered sample whose addresses are file:// ones."""
        import slicer

        (source,) = [source for source in _sources if source["sampleName"] == sampleName]
        uris = [source["uris"]] if isinstance(source["uris"], str) else list(source["uris"])
        names = [source["nodeNames"]] if isinstance(source["nodeNames"], str) else list(source["nodeNames"] or [])
        names += [None] * (len(uris) - len(names))
        paths = [Path(url2pathname(urlparse(uri).path)) for uri in uris]
        return [
            slicer.util.loadVolume(str(path), {"name": name} if name else {})
            for path, name in zip(paths, names, strict=True)
        ]
