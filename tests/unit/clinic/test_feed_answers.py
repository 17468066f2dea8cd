"""The answer to whoever asks for a calendar, header by header."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from clinics import with_participant
from feeds import NOON, P001, PHARMACY, SITE, Feeds, feeds_of, instant, queries

from clinic.feeds.links import Owner, hash_of
from clinic.feeds.serving import NOT_FOUND, FeedAnswer

LATER = "2026-03-02T20:00:00Z"
"""The same day at the site."""
TOKEN = "dz_" + "A" * 43


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
    with feeds_of(with_participant(tmp_path, monkeypatch)) as made:
        yield made


@pytest.fixture
def token(feeds: Feeds) -> str:
    return feeds.link()


# What is served


def test_a_calendar_has_these_headers_and_no_others(feeds: Feeds, token: str) -> None:
    made = feeds.ask(token)
    tag = made.headers["ETag"]

    assert made.status == 200
    assert dict(made.headers) == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Length": str(len(made.body)),
        "ETag": tag,
        "Last-Modified": "Mon, 02 Mar 2026 17:00:00 GMT",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
    assert tag[0] == tag[-1] == '"'
    assert len(tag) == 34


@pytest.mark.parametrize("accepted", ["", "gzip"])
@pytest.mark.parametrize("header", [{}, {"If_None_Match": "*"}])
def test_head_says_what_get_says_without_a_body(
    feeds: Feeds, token: str, accepted: str, header: dict[str, str]
) -> None:
    get = feeds.ask(token, Accept_Encoding=accepted, **header)
    head = feeds.ask(token, method="HEAD", Accept_Encoding=accepted, **header)

    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get", ""])
def test_only_get_and_head_are_answered_whatever_the_token(feeds: Feeds, token: str, method: str) -> None:
    made = feeds.ask(token, method=method)

    assert (made.status, made.headers["Allow"]) == (405, "GET, HEAD")
    assert made == feeds.ask(TOKEN, method=method)


def test_accept_is_not_looked_at(feeds: Feeds, token: str) -> None:
    assert feeds.ask(token, Accept="application/json") == feeds.ask(token)


# Conditions


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{} , "other"', "*", ' W/"x",W/{}'])
def test_who_has_this_very_calendar_is_told_so(feeds: Feeds, token: str, form: str) -> None:
    full = feeds.ask(token)
    made = feeds.ask(token, LATER, If_None_Match=form.format(full.headers["ETag"]))

    assert (made.status, made.body) == (304, b"")
    assert dict(made.headers) == {
        name: value for name, value in full.headers.items() if name not in ("Content-Type", "Content-Length")
    }


@pytest.mark.parametrize("tags", ['"other"', "", "nonsense", '""', "W/"])
def test_another_tag_is_sent_the_calendar_even_where_the_date_would_do(feeds: Feeds, token: str, tags: str) -> None:
    made = feeds.ask(token, If_None_Match=tags, If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")

    assert made.status == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Mon, 02 Mar 2026 17:00:00 GMT", 304),
        ("Monday, 02-Mar-26 17:00:00 GMT", 304),
        ("Mon Mar  2 17:00:00 2026", 304),
        ("Mon, 02 Mar 2026 18:00:00 +0100", 304),
        ("Mon, 02 Mar 2026 16:59:59 GMT", 200),
        ("yesterday", 200),
        ("", 200),
        ("Mon, 99 Mar 2026 17:00:00 GMT", 200),
        ("Mon, 02 Mar 99999999 17:00:00 GMT", 200),
    ],
)
def test_a_date_is_looked_at_where_there_is_no_tag(feeds: Feeds, token: str, since: str, status: int) -> None:
    assert feeds.ask(token, If_Modified_Since=since).status == status


def test_a_change_is_another_tag_and_a_later_date(feeds: Feeds, token: str) -> None:
    before = feeds.ask(token)
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-03")
    after = feeds.ask(token, "2026-03-03T17:00:01Z", If_None_Match=before.headers["ETag"])

    assert (after.status, after.headers["Last-Modified"]) == (200, "Tue, 03 Mar 2026 17:00:00 GMT")
    assert after.headers["ETag"] != before.headers["ETag"]


def test_the_date_is_the_sites_midnight_where_nothing_changed_since(feeds: Feeds, token: str) -> None:
    asked = ("2026-03-03T04:59:59Z", "2026-03-03T05:00:00Z", "2026-03-08T12:00:00Z", "2026-03-09T12:00:00Z")
    dates = [feeds.ask(token, at).headers["Last-Modified"] for at in asked]

    assert dates == [
        "Mon, 02 Mar 2026 17:00:00 GMT",
        "Tue, 03 Mar 2026 05:00:00 GMT",
        "Sun, 08 Mar 2026 05:00:00 GMT",
        "Mon, 09 Mar 2026 04:00:00 GMT",
    ]


def test_the_date_does_not_go_back_with_the_clock_and_is_never_to_come(feeds: Feeds, token: str) -> None:
    feeds.do("book P-001 M1 2026-04-01 10:00", "2026-03-20")
    assert feeds.ask(token, "2026-03-20T17:00:00Z").headers["Last-Modified"] == "Fri, 20 Mar 2026 17:00:00 GMT"
    feeds.do("move P-001 M1 2026-04-02 --reason 'the clock was set back'", "2026-03-10")

    assert feeds.ask(token, "2026-03-20T18:00:00Z").headers["Last-Modified"] == "Fri, 20 Mar 2026 17:00:00 GMT"
    assert feeds.ask(token, "2026-03-10T18:00:00Z").headers["Last-Modified"] == "Tue, 10 Mar 2026 18:00:00 GMT"


# Compression


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "GZIP", "deflate , x-gzip", "gzip ; q=1"])
def test_who_asks_for_gzip_gets_the_same_calendar_with_a_tag_of_its_own(
    feeds: Feeds, token: str, accepted: str
) -> None:
    plain, made = feeds.ask(token), feeds.ask(token, Accept_Encoding=accepted)

    assert (made.headers["Content-Encoding"], made.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert made.headers["Content-Length"] == str(len(made.body))
    assert gzip.decompress(made.body) == plain.body
    assert len(made.body) < len(plain.body) / 2
    assert made.headers["ETag"] == f'"{plain.headers["ETag"][1:-1]}-gzip"'
    assert made.body == feeds.ask(token, LATER, Accept_Encoding="gzip").body


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000", "*", "identity", "xgzip", "gzip-9"])
def test_nobody_else_gets_gzip(feeds: Feeds, token: str, accepted: str) -> None:
    assert "Content-Encoding" not in feeds.ask(token, Accept_Encoding=accepted).headers


@pytest.mark.parametrize("accepted", ["", "gzip"])
def test_a_tag_of_either_coding_will_do(feeds: Feeds, token: str, accepted: str) -> None:
    tags = [feeds.ask(token, Accept_Encoding=one).headers["ETag"] for one in ("", "gzip")]

    for tag in tags:
        made = feeds.ask(token, If_None_Match=tag, Accept_Encoding=accepted)
        assert (made.status, made.headers["ETag"]) == (304, tags[bool(accepted)])


# No calendar


HOSTILE = {
    "unknown": TOKEN,
    "empty": "",
    "too short": TOKEN[:-1],
    "a newline after it": "{}\n",
    "a newline before it": "\n{}",
    "ten thousand letters": "dz_" + "A" * 10_000,
    "a path": "../../etc/passwd",
    "dots": "..",
    "unicode digits": "dz_" + "٣" * 43,
    "full width": "ｄｚ＿" + "A" * 43,
    "another case": "DZ_" + "A" * 43,
    "NUL": "dz_\0" + "A" * 42,
    "half a surrogate": "dz_\ud800" + "A" * 42,
    "SQL": "' OR 1=1 --",
    "its hash": "hash",
    "percent": "%",
    "the file": "{}.ics",
    "a prefix": "prefix",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_no_link_gets_one_and_the_same_answer(feeds: Feeds, token: str, sent: str) -> None:
    sent = {"hash": hash_of(token), "prefix": token[:-1]}.get(sent, sent.replace("{}", token))

    with queries(feeds.store) as asked:
        made = feeds.ask(sent, If_None_Match="*", Accept_Encoding="gzip")

    assert made == NOT_FOUND
    assert len(asked) == 2


def test_unknown_expired_revoked_and_long_replaced_are_not_told_apart(feeds: Feeds) -> None:
    expired, revoked, replaced = feeds.link(expires="2026-03-05"), feeds.link(), feeds.link()
    feeds.revoke(revoked, at=NOON)
    feeds.rotate(replaced, at=NOON)
    answers: list[FeedAnswer] = []
    counts: list[int] = []
    for sent in (TOKEN, "..", expired, revoked, replaced):
        with queries(feeds.store) as asked:
            answers.append(feeds.ask(sent, "2026-05-01T17:00:00Z"))
        counts.append(len([sql for sql in asked if "clinic_link l" in sql]))

    assert answers == [NOT_FOUND] * 5
    assert counts == [1] * 5
    assert dict(NOT_FOUND.headers) == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "137",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
    assert NOT_FOUND.body.decode() == (
        "There is no calendar here. If you had one, call the clinic. / "
        "Aquí no hay ningún calendario. Si usted tenía uno, llame a la clínica.\n"
    )


def test_what_is_no_link_any_more_takes_no_longer_than_what_never_was(feeds: Feeds) -> None:
    """Both are two queries; what is read for the calendar comes after."""
    revoked = feeds.link(SITE)
    feeds.revoke(revoked, at=NOON)
    feeds.ask(revoked)
    for sent in (TOKEN, revoked):
        with queries(feeds.store) as asked:
            feeds.ask(sent)
        assert len(asked) == 2


# Queries


@pytest.mark.parametrize("owner", [P001, SITE, PHARMACY], ids=lambda one: one.whose.value)
def test_a_calendar_that_nobody_changed_costs_one_query(feeds: Feeds, owner: Owner) -> None:
    token = feeds.link(owner)
    first = feeds.ask(token)
    assert feeds.ask(token, LATER) == first

    with queries(feeds.store) as asked:
        assert feeds.ask(token, LATER) == first
        assert feeds.ask(token, LATER, If_None_Match=first.headers["ETag"]).status == 304

    assert len(asked) == 2


def test_the_second_of_asking_changes_nothing(feeds: Feeds, token: str) -> None:
    bodies = {
        feeds.ask(token, (instant("2026-03-02T17:00:00Z") + timedelta(minutes=minutes)).isoformat()).body
        for minutes in range(0, 11 * 60, 37)
    }

    assert len(bodies) == 1
