"""The page behind a participant's link, and both addresses through Django as the server has them."""

import io
import logging
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest
import zxingcpp
from clinics import with_participant
from django.test import Client
from feeds import NOON, SITE, Feeds, instant
from PIL import Image
from weasyprint import HTML
from website import HOST, text_of, website

from clinic.feeds.links import hash_of
from clinic.feeds.serving import NOT_FOUND, FeedAnswer
from clinic.feeds.subscribing import addresses, subscribe_page
from clinic.server import routes
from schedule.errors import StoreUnavailable
from schedule.render.language import language

BASE = "https://calendar.example.org"
TOKEN = "dz_" + "A" * 43


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feeds:
    made = website(with_participant(tmp_path, monkeypatch), monkeypatch).clinic
    routes.door.misses.forget()
    return Feeds(clinic=made, store=routes.door.store())


@pytest.fixture
def browser() -> Client:
    return Client(SERVER_NAME=HOST)


def page(feeds: Feeds, token: str, at: str = NOON, *, lang: str = "", method: str = "GET") -> FeedAnswer:
    return subscribe_page(feeds.store, token, method, base=BASE, lang=lang, now=instant(at))


def said(answer: FeedAnswer) -> str:
    """Return what a page says, every run of white space as one blank."""
    body = re.sub(r"<svg.*</svg>", "", answer.body.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body))).replace("\u00a0", " ")


# The page


def test_it_says_the_next_visit_and_no_code(feeds: Feeds) -> None:
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-02")
    words = said(page(feeds, feeds.link()))

    assert "Your next visit Study visit Wednesday, April 1, 2026 10:00 AM" in words
    assert not re.search(r"P-001|M1|RES001|[Ii]nfusion|cell|placebo|Gainesville|steroid", words)


def test_a_day_that_is_not_booked_says_so(feeds: Feeds) -> None:
    words = said(page(feeds, feeds.link(lang="es"), "2026-03-03T17:00:00Z"))

    assert "Su próxima visita Visita del estudio jueves, 2 de abril de 2026 El día aún no está fijo." in words


def test_who_has_no_visit_ahead_is_told_that(feeds: Feeds) -> None:
    token = feeds.link()
    feeds.do("withdraw P-001 2026-03-04 --reason moved", "2026-03-04")

    assert "No visit is planned now." in said(page(feeds, token, "2026-03-04T17:00:00Z"))


def test_it_speaks_the_links_language_and_offers_the_other(feeds: Feeds) -> None:
    english, spanish = feeds.link(), feeds.link(lang="es")

    assert 'lang="en"' in page(feeds, english).body.decode().split("\n")[1]
    assert page(feeds, english).headers["Content-Language"] == "en"
    assert '<a href="?lang=es" lang="es" hreflang="es">Español</a>' in page(feeds, english).body.decode()
    assert (
        page(feeds, english, lang="es").body == page(feeds, spanish).body.replace(spanish.encode(), english.encode())
        or page(feeds, english, lang="es").headers["Content-Language"] == "es"
    )
    assert page(feeds, spanish).headers["Content-Language"] == "es"
    assert page(feeds, spanish, lang="en").headers["Content-Language"] == "en"
    assert page(feeds, spanish, lang="../x").headers["Content-Language"] == "es"


def test_its_buttons_lead_to_the_programs_by_their_own_addresses() -> None:
    assert addresses("https://c.example", TOKEN, language("es")) == {
        "apple": f"webcal://c.example/f/{TOKEN}.ics",
        "google": f"https://calendar.google.com/calendar/render?cid=webcal%3A%2F%2Fc.example%2Ff%2F{TOKEN}.ics",
        "outlook": (
            f"https://outlook.live.com/calendar/0/addfromweb?url=https%3A%2F%2Fc.example%2Ff%2F{TOKEN}.ics"
            "&name=Visitas%20del%20estudio"
        ),
        "file": f"https://c.example/f/{TOKEN}.ics",
    }


def test_every_button_is_on_the_page_and_none_leads_elsewhere(feeds: Feeds) -> None:
    token = feeds.link()
    body = page(feeds, token).body.decode()
    links = [unescape(one) for one in re.findall(r'<a [^>]*href="([^"]*)"', body)]

    assert links == ["?lang=es", *addresses(BASE, token, language("en")).values()]


def test_it_runs_nothing_and_loads_only_our_style_sheet(feeds: Feeds) -> None:
    body = page(feeds, feeds.link()).body.decode()

    assert not re.search(r"<(script|iframe|img|form|object|embed)\b|\sstyle=|\son\w+=|url\(", body)
    assert re.findall(r'<link rel="(\w+)" href="([^"]*)"', body) == [
        ("icon", "data:,"), ("stylesheet", "/static/subscribe.css"),
    ]  # fmt: skip
    assert len(body) < 20_000


def test_its_code_is_its_own_address(feeds: Feeds, tmp_path: Path) -> None:
    token = feeds.link()
    (svg,) = re.findall(r"<svg.*</svg>", page(feeds, token).body.decode(), re.DOTALL)

    assert read_code(svg, tmp_path) == f"{BASE}/s/{token}"


def read_code(svg: str, folder: Path) -> str:
    """Return what a code reader reads from the picture."""
    pdf = folder / "code.pdf"
    HTML(string=f"<style>svg {{ width: 8cm }}</style>{svg}").write_pdf(pdf)
    subprocess.run(["pdftoppm", "-r", "100", "-png", "-singlefile", str(pdf), str(folder / "code")], check=True)
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO((folder / "code.png").read_bytes())))
    return str(found.text)


def test_a_replaced_link_says_so_and_shows_no_visit(feeds: Feeds) -> None:
    token = feeds.link()
    feeds.rotate(token, at=NOON)
    words, body = said(page(feeds, token)), page(feeds, token).body.decode()

    assert "This link was replaced, and shows no visits any more. Call the clinic to get the new one." in words
    assert "Your next visit" not in words
    assert ".ics" not in body
    assert "<svg" not in body


def test_it_is_kept_nowhere_and_told_to_nobody(feeds: Feeds) -> None:
    made = page(feeds, feeds.link())

    assert dict(made.headers) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(made.body)),
        "Content-Language": "en",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
    assert page(feeds, feeds.link(), method="HEAD").body == b""
    assert page(feeds, TOKEN, method="POST").status == 405


def test_what_is_no_participants_link_is_answered_as_any_other(feeds: Feeds) -> None:
    revoked = feeds.link()
    feeds.revoke(revoked, at=NOON)

    assert [page(feeds, one) for one in (TOKEN, "..", revoked, feeds.link(SITE))] == [NOT_FOUND] * 4


# Through Django


def test_both_addresses_are_served_without_a_cookie(feeds: Feeds, browser: Client) -> None:
    token = feeds.link()
    feed, shown = browser.get(f"/f/{token}.ics"), browser.get(f"/s/{token}?lang=es")

    assert (feed.status_code, feed.content) == (200, feeds.ask(token).body)
    assert feed["Cache-Control"] == "private, no-cache"
    assert feed["Vary"] == "Accept-Encoding"
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    assert "Su próxima visita" in text_of(shown)
    for answer in (feed, shown):
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex"
        assert not answer.cookies
    assert not browser.cookies


@pytest.mark.parametrize("where", ["/f/{}.ics", "/s/{}"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_other_methods_are_refused(feeds: Feeds, browser: Client, where: str, method: str) -> None:
    answer = getattr(Client(SERVER_NAME=HOST, enforce_csrf_checks=True), method)(where.format(feeds.link()))

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_no_token_stands_in_the_log(feeds: Feeds, browser: Client, caplog: pytest.LogCaptureFixture) -> None:
    token = feeds.link()
    with caplog.at_level(logging.INFO):
        browser.get(f"/f/{token}.ics")
        browser.get(f"/s/{token}?lang=es")
        browser.get(f"/f/{TOKEN}.ics")
    ours = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("dayzero"))

    assert token not in ours
    assert TOKEN not in ours
    assert f"GET /f/<str:token>.ics {hash_of(token)[:8]} 200" in ours
    assert f"GET /s/<str:token> {hash_of(token)[:8]} 200" in ours


def test_who_tries_too_many_waits_but_a_link_is_never_locked(feeds: Feeds, browser: Client) -> None:
    token = feeds.link()
    answers = [browser.get(f"/f/dz_{number:043}.ics") for number in range(15)]
    answers += [browser.get(f"/s/dz_{number:043}") for number in range(17)]

    assert [one.status_code for one in answers] == [404] * 30 + [429] * 2
    assert len({one.content for one in answers[:30]}) == 1
    assert answers[-1]["Retry-After"] == "60"
    assert answers[-1]["Cache-Control"] == "no-store"
    assert browser.get(f"/f/{token}.ics").status_code == 200
    assert browser.get(f"/f/{TOKEN}.ics").status_code == 429
    assert browser.get(f"/f/{TOKEN}.ics", REMOTE_ADDR="192.0.2.7").status_code == 404


def test_a_store_that_cannot_be_read_is_told_as_for_now(
    feeds: Feeds, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable([])

    monkeypatch.setattr("clinic.feeds.bodies.look_up", fail)
    answer = browser.get(f"/f/{feeds.link()}.ics")

    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "60", "no-store")
