"""What a batch is given: folders, patterns, files and CSV lists, and where each result goes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from XrayToCTLib.batches.batch import batch
from XrayToCTLib.batches.csv_input import read_csv_input
from XrayToCTLib.batches.inputs import list_inputs
from XrayToCTLib.batches.output_folder import STATE, SUMMARY
from XrayToCTLib.batches.output_names import Place, output_names
from XrayToCTLib.batches.task import ReadOptions, frame_name
from XrayToCTLib.errors import XrayToCTError

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
OPTIONS = ReadOptions(spacing=(2.0, 2.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images at three depths, and what is none."""
    for name in ("b.png", "a/one.dcm", "a/deep/noname", ".hidden.png", ".git/x.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    (tmp_path / "in" / "readme.txt").write_text("no image")
    (tmp_path / "in" / "labels.csv").write_text("id,label\n")
    return tmp_path / "in"


def places(given: list[object], output: Path) -> list[str]:
    return [str(found.place) for found in list_inputs(given, output).files]  # type: ignore[arg-type]


def test_a_folder_is_mirrored_with_all_below_it_and_what_is_no_image_is_passed_over(folder: Path, tmp_path: Path):
    listing = list_inputs([folder], tmp_path / "out")
    assert [str(found.place) for found in listing.files] == ["b.png", "a/one.dcm", "a/deep/noname"]
    assert all(found.path.is_absolute() for found in listing.files)
    assert listing.passed_over == 2


def test_a_damaged_file_with_an_images_name_is_not_passed_over(folder: Path, tmp_path: Path):
    (folder / "broken.dcm").write_bytes(b"")
    assert "broken.dcm" in places([folder], tmp_path / "out")


def test_several_folders_keep_their_names(folder: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.png").write_bytes(PNG)
    assert {"in/b.png", "other/b.png"} <= set(places([folder, other], tmp_path / "out"))


def test_a_pattern_meets_no_file_again_through_a_link_that_leads_back(folder: Path, tmp_path: Path):
    (folder / "a" / "back").symlink_to(folder)
    (folder / "c.png").symlink_to("b.png")  # a file by another name is another file
    assert places([folder / "**" / "*.png"], tmp_path / "out") == ["b.png", "c.png"]
    assert places([folder / "**" / "*.dcm"], tmp_path / "out") == ["a/one.dcm"]


def test_a_pattern_is_mirrored_from_its_first_wildcard_on(folder: Path, tmp_path: Path):
    assert places([str(folder / "**" / "*.dcm")], tmp_path / "out") == ["a/one.dcm"]
    assert places([str(folder / "a" / "*.dcm")], tmp_path / "out") == ["one.dcm"]


def test_files_are_taken_as_they_are_and_each_once(folder: Path, tmp_path: Path):
    assert places([folder / "b.png", str(folder / "*.png"), folder / "readme.txt"], tmp_path / "out") == [
        "b.png",
        "readme.txt",
    ]


def test_results_within_the_input_are_no_input(folder: Path):
    out = folder / "out"
    (out / STATE).mkdir(parents=True)
    (out / "b-ct-stack.nrrd").write_bytes(PNG)
    assert not any(place.startswith("out") for place in places([folder], out))
    (out / SUMMARY).write_text("input\n")
    assert not any(place.startswith("out") for place in places([str(folder / "**" / "*")], out))


@pytest.mark.parametrize("given", ["missing", "missing.png", "*.gif", "in/empty"])
def test_nothing_found_is_told(folder: Path, tmp_path: Path, given: str):
    (folder / "empty").mkdir()
    with pytest.raises(XrayToCTError, match=r"no file|No file|no image"):
        list_inputs([tmp_path / given], tmp_path / "out")


def names(*given: str, format: str = "nrrd") -> list[str]:
    return output_names([Place(PurePosixPath(name)) for name in given], format)


def test_results_are_called_after_their_inputs():
    assert names("a/b.dcm", "c.nii.gz", "d") == ["a/b-ct-stack.nrrd", "c-ct-stack.nrrd", "d-ct-stack.nrrd"]
    assert names("b.dcm", format="nii.gz") == ["b-ct-stack.nii.gz"]


def test_results_that_would_be_called_the_same_are_kept_apart():
    assert names("x.png", "x.dcm", "y.png") == ["x.png-ct-stack.nrrd", "x.dcm-ct-stack.nrrd", "y-ct-stack.nrrd"]


def test_upper_and_lower_case_are_no_difference():
    assert len({name.casefold() for name in names("x.png", "X.PNG", "x.Png")}) == 3


def test_a_number_never_takes_the_name_of_another_result():
    found = names("x.png", "x.png", "x.png-2.dcm")
    assert len(set(found)) == 3


def test_names_do_not_depend_on_the_order_of_the_inputs_where_they_differ():
    one, two = names("x.png", "x.dcm")
    assert names("x.dcm", "x.png") == [two, one]


def test_a_name_that_is_given_is_kept_and_frames_have_their_numbers():
    (name,) = output_names([Place(PurePosixPath("p/chest.v2"), named=True, frame="all")], "nrrd")
    assert frame_name(name, 12) == "p/chest.v2-frame0012.nrrd"


def test_an_asterisk_in_a_files_name_is_no_place_for_a_frame(tmp_path: Path):
    (name,) = output_names([Place(PurePosixPath("we*rd/na*me.png"))], "nrrd")
    assert "*" not in name


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_lists_radiographs_with_their_options(tmp_path: Path):
    path = write_csv(
        tmp_path / "list.csv",
        "\ufeffid,Path,output,spacing,polarity,view,frame\n"
        '1,a/x.dcm,patient1/first,"0.15,0.2",bone-dark,lateral,3\n'
        "\n"
        "2,b.png,,,,,\n",
    )
    first, second = read_csv_input(path, OPTIONS)
    assert first.path == tmp_path / "a" / "x.dcm"
    assert (str(first.place), first.named) == ("patient1/first", True)
    assert first.options == ReadOptions((0.15, 0.2), "bone-dark", "LATERAL", 3)
    assert (str(second.place), second.named, second.options) == ("b.png", False, OPTIONS)
    assert first.problem is None and second.problem is None


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_read(tmp_path: Path, delimiter: str):
    path = write_csv(tmp_path / "list.csv", f"path{delimiter}spacing\nx.png{delimiter}0.15,0.2\n")
    (line,) = read_csv_input(path, OPTIONS)
    assert line.options.spacing == (0.15, 0.2)


def test_nothing_leaves_the_output_folder(tmp_path: Path):
    path = write_csv(tmp_path / "list.csv", "path\n../other/x.png\n/data/y.png\n")
    for line in read_csv_input(path, OPTIONS):
        assert ".." not in line.place.parts and not line.place.is_absolute()
        assert line.problem is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("file,spacing\nx.png,1\n", 'no column "path"'),
        ("path\n", "no line below"),
        ("path,path\nx,y\n", "twice"),
        ('path\n"x.png\n', "can be read"),
        ("\0\0\0", "no text"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str, message: str):
    with pytest.raises(XrayToCTError, match=message):
        read_csv_input(write_csv(tmp_path / "list.csv", text), OPTIONS)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path):
    (tmp_path / "latin.csv").write_bytes("path\nMüller.png\n".encode("latin-1"))
    with pytest.raises(XrayToCTError, match="UTF-8"):
        read_csv_input(tmp_path / "latin.csv", OPTIONS)
    with pytest.raises(XrayToCTError, match="cannot be read"):
        read_csv_input(tmp_path / "missing.csv", OPTIONS)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x.png,,wide,,,", "spacing"),
        ("x.png,,-1,,,", "spacing"),
        ("x.png,,,dark,,", "polarity"),
        ("x.png,,,,from above,", "view"),
        ("x.png,,,,,-2", "frame"),
        ("x.png,../out,,,,", "output"),
        ("x.png,/out,,,,", "output"),
        (",name,,,,", "no path"),
        ("x.png,,,,,1,2,3", "more fields"),
    ],
)
def test_a_line_that_is_wrong_is_its_own_problem(tmp_path: Path, line: str, problem: str):
    path = write_csv(tmp_path / "list.csv", f"path,output,spacing,polarity,view,frame\n{line}\ny.png,,,,,\n")
    first, second = read_csv_input(path, OPTIONS)
    assert first.problem is not None and problem in first.problem[0] and "Line 2 of list.csv" in first.problem[0]
    assert second.problem is None


def test_a_view_is_named_to_a_batch_as_to_a_reader(tmp_path: Path):
    """Small letters pass the options, so that the first complaint is about the input."""
    with pytest.raises(XrayToCTError, match="no file or folder"):
        batch(tmp_path / "none.png", tmp_path / "out", view="ap")
    with pytest.raises(XrayToCTError, match="no view 'SIDE'"):
        batch(tmp_path / "none.png", tmp_path / "out", view="side")
