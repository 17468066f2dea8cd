"""Pictures: a file into a ``data:`` address. Nothing is ever fetched."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path

LARGEST = 500_000
"""Bytes. A logo of a hand's width at print resolution has some 100,000."""
LARGEST_SIDE = 4_000
"""Pixels."""
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg"}


def read_picture(name: str, folder: Path) -> str:
    """Return the picture as a ``data:`` address. Raises ValueError: what is wrong; what to do instead."""
    if ":" in name or name.startswith("//"):
        raise ValueError("is an address, and nothing is fetched; save the picture beside this file and name it here")
    try:
        with (folder / name).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}); save the picture beside this file") from error
    if len(data) > LARGEST:
        raise ValueError(f"is larger than {LARGEST:,} bytes; save it smaller")
    return f"data:{KINDS[_kind(data)]};base64,{b64encode(data).decode()}"


def _kind(data: bytes) -> str:
    """Return the format of a picture that can be read whole."""
    from PIL import Image  # noqa: PLC0415 - only a site with a logo pays for it

    try:
        with Image.open(BytesIO(data), formats=[*KINDS]) as picture:
            if max(picture.size) > LARGEST_SIDE:
                raise ValueError(f"is more than {LARGEST_SIDE:,} pixels wide or high; save it smaller")
            picture.load()
            return str(picture.format)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("is no picture that can be read; save it as PNG or JPEG") from error
