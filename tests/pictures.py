"""Takes the pictures of pages that README shows: ``PYTHONPATH=tests .venv/bin/python tests/pictures.py``."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest
from browsing import begin, chromium, watched
from busy_clinic import NOW, busy_clinic
from PIL import Image
from playwright.sync_api import Page, expect
from serving import serving
from timed import Timed, links_in
from website import configure_site

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
DESK = {"viewport": {"width": 1240, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 760}, "device_scale_factor": 1.5, "java_script_enabled": False}
COLOURS = 64


def take(tab: Page, name: str) -> None:
    """Keep what the screen shows, in few colours."""
    picture = Image.open(BytesIO(tab.screenshot(caret="initial"))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


@contextmanager
def clinic() -> Iterator[Timed]:
    """Make the clinic that the pictures show."""
    configure_site(Path(gettempdir()))
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        made = busy_clinic(Path(folder), patch)
        timed = Timed(Path(folder), db=made.db.name)
        timed.at(NOW)
        yield timed


def take_all() -> None:
    """Start the clinic's server, and look at its pages as a coordinator and as a participant."""
    with clinic() as made, serving(made.folder, env=made.env) as server, chromium() as browser:
        with watched(browser, server.base_url, **DESK) as tab:
            begin(tab, server.invitation_link)
            tab.goto("/today")
            take(tab, "page-today")
            tab.goto("/month?site=gainesville&month=2026-07")
            take(tab, "page-month")
            tab.goto("/infusions")
            take(tab, "page-infusions")
            tab.goto("/participants/P-001")
            take(tab, "page-participant")
            tab.goto("/participants/P-001/visits/M4/move")
            tab.get_by_label("Why").fill("the clinic is closed")
            tab.get_by_role("button", name="Choose Wed 2026-07-01").click()
            expect(tab.get_by_label("Day", exact=True)).to_have_value("2026-07-01")
            tab.get_by_role("button", name="Look at what follows").click()
            expect(tab.get_by_role("region", name="What follows")).to_be_visible()
            tab.keyboard.press("Home")
            take(tab, "page-move")
        page, _ = links_in(made.must("link", "create", "P-005", "--yes", "--base", server.base_url))
        with watched(browser, server.base_url, **PHONE) as phone:
            phone.goto(page)
            take(phone, "page-subscribe")


if __name__ == "__main__":
    take_all()
