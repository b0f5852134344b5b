"""Packaging: the CMake lists of what is installed, compared with the tree, and written from it.

    python -m Testing.packaging            # says what differs; exit code 1 if anything does
    python -m Testing.packaging --write    # brings the lists up to date

Files that no list names are the commonest "works from source, broken when installed" fault of Slicer extensions.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MODULES = ("XrayToCT", "XrayToCTLib")
# Not installed: built tests, and what only tools in a checkout read.
_NOT_INSTALLED = re.compile(r"(^|/)(CMakeLists\.txt|ruff\.toml|Testing/.*)$")


def tracked_files(module: str) -> list[str]:
    """Files of a module that belong into the package, relative to its folder, sorted; new ones that git does not
    ignore count too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", module]
    output = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    names = {line.removeprefix(f"{module}/") for line in output.splitlines() if (REPOSITORY / line).is_file()}
    return sorted(name for name in names if not _NOT_INSTALLED.search(name))


def expected_lists(module: str) -> dict[str, list[str]]:
    """CMake variable -> files: Python sources are scripts, all else is a resource."""
    files = tracked_files(module)
    return {
        "MODULE_PYTHON_SCRIPTS": [name for name in files if name.endswith(".py")],
        "MODULE_PYTHON_RESOURCES": [name for name in files if not name.endswith(".py")],
    }


def written_lists(module: str) -> dict[str, list[str]]:
    """CMake variable -> files, as the module's CMakeLists.txt has them, in its order."""
    text = (REPOSITORY / module / "CMakeLists.txt").read_text(encoding="utf-8")
    return {
        variable: re.search(rf"set\({variable}\n(.*?)\)", text, re.DOTALL)[1].split()  # type: ignore[index]
        for variable in ("MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES")
    }


def differences(module: str) -> list[str]:
    """One sentence a fault; empty when the lists equal the tree and are sorted."""
    found = []
    written = written_lists(module)
    for variable, expected in expected_lists(module).items():
        listed = written[variable]
        found += [f"{module}/{name} is not in {variable}" for name in expected if name not in listed]
        found += [f"{variable} of {module} lists {name}, which is not there" for name in listed if name not in expected]
        if not found and listed != expected:
            found.append(f"{variable} of {module} is not sorted, or lists a file twice")
    return found


def write_lists(module: str) -> None:
    path = REPOSITORY / module / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for variable, files in expected_lists(module).items():
        lines = "".join(f"  {name}\n" for name in files)
        start = text.index(f"set({variable}\n")
        text = text[:start] + f"set({variable}\n{lines}  )" + text[text.index(")", start) + 1 :]
    path.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares the CMake lists with the tree.")
    parser.add_argument("--write", action="store_true", help="bring the lists up to date")
    write = parser.parse_args().write
    if write:
        for module in MODULES:
            write_lists(module)
    found = [sentence for module in MODULES for sentence in differences(module)]
    print("\n".join(found) or "The CMake lists name every file.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
