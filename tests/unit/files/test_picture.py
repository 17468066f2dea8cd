"""A logo is a picture that lies beside the site's file; nothing is fetched, and nothing but a picture is taken."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from builders import SITE_FILE, edited
from PIL import Image

from schedule.errors import InvalidInput
from schedule.files.picture import LARGEST, read_picture
from schedule.files.site import read_site


def picture(kind: str, size: tuple[int, int] = (8, 4)) -> bytes:
    data = BytesIO()
    Image.new("RGB", size, "teal").save(data, kind)
    return data.getvalue()


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_becomes_an_address_that_holds_it(kind: str, mime: str, tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(picture(kind))

    start, _, data = read_picture("logo", tmp_path).partition(",")

    assert start == f"data:{mime};base64"
    assert b64decode(data) == picture(kind)


@pytest.mark.parametrize(
    ("name", "data", "wrong"),
    [
        ("https://example.org/logo.png", None, "nothing is fetched; save the picture beside this file"),
        ("//example.org/logo.png", None, "nothing is fetched"),
        ("file:///etc/passwd", None, "nothing is fetched"),
        ("data:image/png;base64,AA==", None, "nothing is fetched"),
        ("gone.png", None, r"cannot be read \(No such file or directory\)"),
        ("text.png", b"not a picture", "is no picture that can be read; save it as PNG or JPEG"),
        ("empty.png", b"", "is no picture that can be read"),
        ("half.png", picture("JPEG", (200, 200))[:400], "is no picture that can be read"),
        ("moving.png", picture("GIF"), "is no picture that can be read"),
        (
            "drawn.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://a.example'/></svg>",
            "is no picture",
        ),
        ("vast.png", picture("PNG", (4_001, 1)), "is more than 4,000 pixels wide or high; save it smaller"),
        ("heavy.png", b"x" * (LARGEST + 1), "is larger than 500,000 bytes; save it smaller"),
    ],
)
def test_what_is_no_picture_beside_the_file_is_refused(
    name: str, data: bytes | None, wrong: str, tmp_path: Path
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(ValueError, match=wrong):
        read_picture(name, tmp_path)


def test_a_bad_logo_is_told_with_the_other_problems_of_the_site_file(tmp_path: Path) -> None:
    file = edited(
        SITE_FILE,
        tmp_path,
        ("time_zone =", 'logo = "http://a.example/x.png"\ntime_zone ='),
        ('"America/New_York"', '"x"'),
    )

    with pytest.raises(InvalidInput) as told:
        read_site(file)

    assert [problem.place for problem in told.value.problems] == ["time_zone", "logo"]


def test_a_site_without_a_logo_has_none() -> None:
    assert read_site(SITE_FILE).logo == ""
