"""The walls of the house: which room may import which, and what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import XrayToCTLib as x2ct

# radiograph <- dicom, readers, projection, networks <- models <- translation <- fidelity <- cli
LEVELS = [
    {"version", "errors", "ct_windows"},
    {"user_folder", "progress", "whole_file", "json_document", "csv_table", "nifti_file", "trust_map"},
    {"document_file"},
    {"radiograph"},
    {"ct_stack", "enhancement"},
    {"dicom", "projection", "radiograph_header"},
    {"alignment", "radiograph_file"},
    {"networks"},
    {"readers"},
    {"models"},
    {"translation"},
    {"fidelity", "worker"},
    {"trust"},
    {"comparison"},
    {"reader_study"},
    {"batches"},
    {"commands"},
    {"cli"},
    {"__main__", "__init__"},
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
SLICER_ONLY = {"slicer", "qt", "ctk", "vtk", "vtkmodules"}
LIGHT = {"numpy", "SimpleITK"}  # besides the standard library, all that a file may import when Slicer starts
# Imported inside functions only, so they may name torch at their top.
LAZY_FILES = {"projection/torch_projector.py"}


def library_files(repository: Path) -> list[Path]:
    return sorted((repository / "XrayToCTLib").rglob("*.py"))


def imports(path: Path, *, top_only: bool = False) -> list[tuple[str, int]]:
    """(module, relative level) of a file's imports, leaving out those for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[tuple[str, int]] = []

    def visit(nodes: list[ast.stmt]) -> None:
        for node in nodes:
            if isinstance(node, ast.Import):
                found.extend((name.name, 0) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                if node.module is None:
                    found.extend((name.name, node.level) for name in node.names)
                else:
                    found.append((node.module, node.level))
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                visit(node.orelse)
            elif not (top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
                for field in ("body", "orelse", "finalbody"):
                    visit(getattr(node, field, []) or [])
                for handler in getattr(node, "handlers", []):
                    visit(handler.body)

    visit(tree.body)
    return found


def test_rooms_import_only_rooms_before_them(repository: Path) -> None:
    root = repository / "XrayToCTLib"
    public_names = set(x2ct.__all__)
    for path in library_files(repository):
        parts = path.relative_to(root).with_suffix("").parts
        room = parts[0]
        assert room in LEVEL_OF, f"the room {room} has no place in this test's order"
        for module, level in imports(path):
            if level == 0:
                if not module.startswith("XrayToCTLib."):
                    continue
                target = module.split(".")[1]
            elif level == len(parts):  # from the library's root
                target = module.split(".")[0]
            else:
                continue  # within the room
            if target == room or (target in public_names and room in ("commands", "cli", "__main__")):
                continue  # the commands stand on the public interface, as a user's script does
            assert LEVEL_OF[target] < LEVEL_OF[room], f"{path.relative_to(root)} imports {target}"


def test_the_library_knows_nothing_of_slicer_training_or_testing(repository: Path) -> None:
    forbidden = SLICER_ONLY | {"XrayToCT", "XrayToCTPanel", "Training", "Testing"}
    for path in library_files(repository):
        for module, level in imports(path):
            assert level or module.split(".")[0] not in forbidden, f"{path} imports {module}"


def test_training_knows_nothing_of_slicer_or_testing(repository: Path) -> None:
    for path in sorted((repository / "Training").rglob("*.py")):
        for module, level in imports(path):
            assert level or module.split(".")[0] not in SLICER_ONLY | {"XrayToCT", "Testing"}, f"{path}: {module}"


def test_files_that_slicer_imports_at_start_import_only_light_packages(repository: Path) -> None:
    root = repository / "XrayToCTLib"
    for path in library_files(repository):
        relative = path.relative_to(root).as_posix()
        if relative.startswith("networks/") or relative in LAZY_FILES:
            continue
        for module, level in imports(path, top_only=True):
            name = module.split(".")[0]
            if level == 0:
                allowed = name in sys.stdlib_module_names or name in LIGHT or name == "XrayToCTLib"
                assert allowed, f"{relative} imports {module} at file scope"


def test_importing_the_library_loads_neither_torch_nor_opencv() -> None:
    code = (
        "import sys, XrayToCTLib as x2ct; x2ct.read_radiograph; x2ct.translate; x2ct.compare; x2ct.project; "
        "heavy = {'torch', 'cv2', 'pydicom', 'matplotlib', 'slicer', 'vtk'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("folder", ["XrayToCT", "XrayToCTLib", "Training", "Testing"])
def test_no_file_is_longer_than_500_lines(repository: Path, folder: str) -> None:
    for path in (repository / folder).rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 500, f"{path} has {lines} lines"


def test_the_slicer_module_file_stays_under_300_lines(repository: Path) -> None:
    assert len((repository / "XrayToCT" / "XrayToCT.py").read_text(encoding="utf-8").splitlines()) < 300
