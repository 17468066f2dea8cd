"""Nothing of the pharmacy's lies where masked people work."""

from pathlib import Path

import pytest
from unblinded import write_export

from schedule.errors import Refused
from schedule.unblinded.clinic_folders import check_ours


def refused(path: Path, **known: object) -> str:
    with pytest.raises(Refused) as error:
        check_ours({"--keys": path}, **{"database": None, **known})  # type: ignore[arg-type]
    return str(error.value)


def test_a_folder_beside_the_clinic_s_is_ours(tmp_path: Path) -> None:
    write_export(tmp_path / "clinic", "P-001")
    (tmp_path / "clinic" / "dayzero.sqlite3").write_bytes(b"")

    check_ours(
        {"--keys": tmp_path / "pharmacy", "--out": tmp_path / "pharmacy" / "sheets"},
        database=tmp_path / "clinic" / "dayzero.sqlite3",
        exports=[tmp_path / "clinic"],
    )


@pytest.mark.parametrize("inside", [".", "pharmacy", "P-001", "P-001/pharmacy"])
def test_the_clinic_s_folder_is_refused(tmp_path: Path, inside: str) -> None:
    write_export(tmp_path / "clinic", "P-001")

    assert "the clinic's folder" in refused(tmp_path / "clinic" / inside)


@pytest.mark.parametrize("mark", ["schedule.json", "participant.ics", "dayzero.sqlite3"])
@pytest.mark.parametrize("inside", ["", "a", "a/b/c"])
def test_a_file_that_only_a_clinic_has_marks_its_folder_and_all_below(tmp_path: Path, mark: str, inside: str) -> None:
    (tmp_path / mark).write_bytes(b"")

    assert f"the clinic's folder {tmp_path.resolve()}" in refused(tmp_path / inside)


def test_the_folder_of_the_database_and_those_around_it_are_refused(tmp_path: Path) -> None:
    database = tmp_path / "clinic" / "own-name.db"
    database.parent.mkdir()

    for folder in (tmp_path, tmp_path / "clinic", tmp_path / "clinic" / "keys"):
        refused(folder, database=database)


def test_the_folder_of_an_export_is_refused(tmp_path: Path) -> None:
    export = write_export(tmp_path / "clinic", "P-001")

    refused(tmp_path / "clinic" / "P-001" / "x", exports=[export])
    refused(tmp_path / "clinic" / "x" / "y", exports=[tmp_path / "clinic"])


def test_a_link_into_the_clinic_s_folder_is_followed(tmp_path: Path) -> None:
    write_export(tmp_path / "clinic", "P-001")
    (tmp_path / "ours").symlink_to(tmp_path / "clinic" / "P-001")

    refused(tmp_path / "ours" / "keys")


def test_a_folder_that_others_may_look_into_is_refused_unless_it_is_empty(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    check_ours({"--keys": shared}, database=None)
    (shared / "note").write_text("x")

    assert "others may look into" in refused(shared)


def test_all_places_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "dayzero.sqlite3").write_bytes(b"")

    with pytest.raises(Refused) as error:
        check_ours({"--keys": tmp_path / "a", "--out": tmp_path / "b"}, database=None)
    assert [one.place for one in error.value.problems] == ["--keys", "--out"]
