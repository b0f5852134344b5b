"""What the extension installs: every file is listed, metadata are complete, requirements agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from Testing import packaging

METADATA = ("HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")


@pytest.mark.parametrize("module", packaging.MODULES)
def test_the_cmake_lists_name_every_file_of_the_tree_and_no_other(module: str) -> None:
    assert packaging.differences(module) == [], "run: python -m Testing.packaging --write"


def test_an_unlisted_file_and_a_listed_ghost_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = packaging.expected_lists("XrayToCT")
    expected["MODULE_PYTHON_SCRIPTS"] = ["XrayToCTPanel/brand_new.py", *expected["MODULE_PYTHON_SCRIPTS"][1:]]
    monkeypatch.setattr(packaging, "expected_lists", lambda module: expected)
    found = packaging.differences("XrayToCT")
    assert "XrayToCT/XrayToCTPanel/brand_new.py is not in MODULE_PYTHON_SCRIPTS" in found
    assert any("which is not there" in sentence for sentence in found)


def test_tests_are_not_installed() -> None:
    for module in packaging.MODULES:
        for files in packaging.written_lists(module).values():
            assert not [name for name in files if "Testing" in Path(name).parts]


def test_the_lists_hold_paths_that_slicer_s_macro_can_install() -> None:
    """Absolute and ../ paths land outside of the package."""
    for module in packaging.MODULES:
        for files in packaging.written_lists(module).values():
            assert not [name for name in files if name.startswith(("/", ".."))]


def test_every_piece_of_extension_metadata_is_there_quoted_and_on_one_line(repository: Path) -> None:
    lines = (repository / "CMakeLists.txt").read_text(encoding="utf-8").splitlines()
    for name in METADATA:
        (line,) = [line for line in lines if line.startswith(f"set(EXTENSION_{name} ")]
        assert re.fullmatch(rf'set\(EXTENSION_{name} "[^"]+"\)', line)
    assert 'set(EXTENSION_DEPENDS "PyTorch")' in lines
    assert 'set(EXTENSION_CATEGORY "Image Synthesis")' in lines


def test_no_directory_of_the_checkout_that_is_not_ours_alone_is_installed(repository: Path) -> None:
    """All extensions share sys.path: a package called Testing or Training would be anybody's."""
    text = (repository / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"add_subdirectory\((\w+)\)", text) == list(packaging.MODULES)


def test_requirements_agree_with_the_project_s_dependencies(repository: Path) -> None:
    """Slicer brings numpy, scipy and SimpleITK; torch is the PyTorch extension's."""
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert block is not None
    declared = set(re.findall(r'"([^"]+)"', block[1]))
    text = (repository / "XrayToCT/Resources/requirements.txt").read_text(encoding="utf-8")
    listed = {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}
    slicer_has = {name for name in declared if re.match(r"(numpy|scipy|SimpleITK)\b", name)}
    assert listed == declared - slicer_has
    assert not [name for name in listed if name.startswith("torch")]


def test_every_mrml_widget_of_the_panel_is_wired_to_the_scene(repository: Path) -> None:
    root = ElementTree.parse(repository / "XrayToCT/Resources/UI/XrayToCT.ui").getroot()
    needing = {w.get("name") for w in root.iter("widget") if (w.get("class") or "").startswith("qMRML")} - {"XrayToCT"}
    wired = {c.findtext("receiver") for c in root.iter("connection")}
    assert needing == wired


def test_every_parameter_in_the_ui_file_exists(repository: Path) -> None:
    root = ElementTree.parse(repository / "XrayToCT/Resources/UI/XrayToCT.ui").getroot()
    bound = [p for p in root.iter("property") if p.get("name") == "SlicerParameterName"]
    assert all(p.get("stdset") == "0" for p in bound)
    source = (repository / "XrayToCT/XrayToCT.py").read_text(encoding="utf-8")
    for item in bound:
        assert re.search(rf"^    {item.findtext('string')}: ", source, re.MULTILINE), item.findtext("string")


def test_the_module_file_stays_readable(repository: Path) -> None:
    assert len((repository / "XrayToCT/XrayToCT.py").read_text(encoding="utf-8").splitlines()) < 300


def test_cmake_puts_module_and_library_side_by_side(repository: Path, tmp_path: Path) -> None:
    """The real CMake over our files, with Slicer's macro replaced by one that copies files to where Slicer's does.

    Slicer looks for modules in qt-scripted-modules itself, not in its folders; WITH_SUBDIR adds a folder of the
    source folder's name.
    """
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("CMake is not installed")
    (tmp_path / "SlicerConfig.cmake").write_text(
        """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/use.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/empty.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/empty.cmake")
"""
    )
    (tmp_path / "empty.cmake").write_text("")
    (tmp_path / "use.cmake").write_text(
        """
set(BUILD_TESTING ON)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS;WITH_SUBDIR" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "wrong arguments: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  set(destination "${CMAKE_BINARY_DIR}/qt-scripted-modules")
  if(MY_WITH_SUBDIR)
    get_filename_component(subdir "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    set(destination "${destination}/${subdir}")
  endif()
  foreach(file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(FATAL_ERROR "missing: ${file}")
    endif()
    get_filename_component(folder "${destination}/${file}" DIRECTORY)
    file(COPY "${CMAKE_CURRENT_SOURCE_DIR}/${file}" DESTINATION "${folder}")
  endforeach()
  message(STATUS "module ${MY_NAME}")
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "SCRIPT" "SLICER_ARGS" ${ARGN})
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${MY_SCRIPT}")
    message(FATAL_ERROR "missing test: ${MY_SCRIPT}")
  endif()
endfunction()
"""
    )
    command = [cmake, f"-DSlicer_DIR={tmp_path}", "-S", str(repository), "-B", str(tmp_path / "build")]
    done = subprocess.run([*command, "-Wno-dev"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"module (\w+)", done.stdout) == list(packaging.MODULES)
    package = tmp_path / "build" / "qt-scripted-modules"
    for name in ("XrayToCT.py", "XrayToCTPanel/__init__.py", "Resources/UI/XrayToCT.ui", "Resources/requirements.txt"):
        assert (package / name).is_file(), name
    # The packaged library works on its own: the bundled model loads and the sample is found.
    code = (
        f"import sys; sys.path.insert(0, {str(package)!r}); import XrayToCTLib as x2ct; "
        f"assert x2ct.__file__.startswith({str(package)!r}); assert x2ct.models(); "
        "from XrayToCTLib.cli import main; sys.exit(main(['demo', '-o', 'demo']))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True, timeout=120)
    assert (tmp_path / "demo").is_dir()
