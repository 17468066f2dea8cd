"""A clinic whose calendars are asked for by links: who asks, when, and what comes back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import icalendar
from clinics import Clinic
from stores import MORNING

from clinic.desk.proposing import Proposal, record
from clinic.desk.rulebook import Rulebook
from clinic.feeds import links
from clinic.feeds.bodies import Calendar, Coming, Opened
from clinic.feeds.links import Found, Owner, State, Whose
from clinic.feeds.serving import FeedAnswer, answer
from clinic.memory.records import LinkRow
from clinic.memory.store import Store, open_store
from schedule.study.protocol import Text

P001 = Owner(whose=Whose.PARTICIPANT, name="P-001")
SITE = Owner(whose=Whose.SITE, name="gainesville")
PHARMACY = Owner(whose=Whose.PHARMACY, name="gainesville")
NOON = "2026-03-02T17:00:00Z"
"""Noon at the site, on the day on which P-001 was enrolled and had the first infusion."""


def instant(text: str) -> datetime:
    """Return the instant."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """The calendars of a clinic."""

    clinic: Clinic
    store: Store

    def link(
        self, owner: Owner = P001, *, lang: str = "en", at: str = NOON, expires: str | None = None, label: str = ""
    ) -> str:
        """Make a link; return its token."""
        last = date.fromisoformat(expires) if expires else None
        drawn = links.create(Rulebook(self.store), owner, label=label, lang=lang, expires=last, at=instant(at))
        self.record(drawn.proposal, at)
        return drawn.token

    def found(self, token: str) -> Found:
        found = links.look_up(self.store, token)
        assert found
        return found

    def rotate(self, token: str, *, at: str, compromised: bool = False) -> str:
        drawn = links.rotate(
            Rulebook(self.store), self.found(token), reason="lost", compromised=compromised, at=instant(at)
        )
        self.record(drawn.proposal, at)
        return drawn.token

    def revoke(self, token: str, *, at: str) -> None:
        self.record(links.revoke(Rulebook(self.store), self.found(token), reason="left", at=instant(at)), at)

    def record(self, proposal: Proposal, at: str) -> None:
        """Record what was proposed."""
        record(self.store, proposal, replace(MORNING, at=instant(at)))

    def ask(self, token: str, at: str = NOON, *, method: str = "GET", **headers: str) -> FeedAnswer:
        """Ask for a calendar; headers by their names, with ``_`` for ``-``."""
        said: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer(self.store, token, method, said, instant(at))

    def calendar(self, token: str, at: str = NOON) -> Any:
        """Return the calendar as icalendar reads it."""
        made = self.ask(token, at)
        assert made.status == 200, made
        return icalendar.Calendar.from_ical(made.body)

    def titles(self, token: str, at: str = NOON) -> list[str]:
        return [str(event["SUMMARY"]) for event in self.calendar(token, at).walk("VEVENT")]

    def do(self, line: str, on: str) -> None:
        """Carry out a command of the clinic on a day, at noon at the site."""
        self.clinic.must(line, on=on)


def an_opened_link(state: State) -> Opened:
    """Return a participant's link in this state, with a visit to come that is not booked and the clinic's phone."""
    link = LinkRow(
        kind="participant", owner="P-001", hash="ab", label="", lang="en", created=instant(NOON), expires=None,
        ended=None, replaced=False,
    )  # fmt: skip
    coming = Coming(title=Text(en="Study visit", es="Visita del estudio"), day=date(2026, 4, 1), start=None)
    calendar = Calendar(data=b"", zipped=b"", tag="", modified=instant(NOON), coming=coming, phone="555-0100")
    found = Found(link=link, site="gainesville", last_window=None, fetched=None)
    return Opened(found=found, today=date(2026, 3, 2), state=state, calendar=calendar)


@contextmanager
def feeds_of(clinic: Clinic) -> Iterator[Feeds]:
    """Open a clinic's store for whoever has links."""
    store = open_store(str(clinic.db))
    yield Feeds(clinic=clinic, store=store)
    store.close()


@contextmanager
def queries(store: Store) -> Iterator[list[str]]:
    """Note what the database is asked, but for what each new connection asks."""
    asked: list[str] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        asked.extend([] if sql.startswith("PRAGMA") else [sql])
        return execute(sql, values, many, context)

    with store.connection.execute_wrapper(note):
        yield asked
