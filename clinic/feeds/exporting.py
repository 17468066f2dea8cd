"""All calendars as files under secret names, for any https server: for clinics that may not open a port."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from clinic.desk.rulebook import Rulebook
from clinic.feeds.bodies import Maker
from clinic.feeds.links import Owner, Whose
from schedule.desk.feeds import Feeds, write_feeds
from schedule.render.language import language


def export(
    book: Rulebook,
    folder: Path,
    *,
    site: str | None,
    staff: str | None,
    now: datetime,
    new_name: Callable[[], str],
    progress: Callable[[], None],
) -> Feeds:
    """Write the calendars of all participants, or of a site's, each in the participant's language.

    They have the names under which ``publish`` writes them, in the same index. ``staff`` is the language in which the
    calendars of sites and their pharmacies are written too. Raises UnknownName, StoreUnavailable and InvalidInput.
    """
    sites = [site] if site else [*book.site_ids()]
    bodies = (one for id_ in sites for one in _bodies(book, id_, staff, now, progress))
    return write_feeds(folder, bodies, new_name)


def count(book: Rulebook, site: str | None) -> int:
    """Return how many participants there are."""
    where, values = (" WHERE site = %s", [site]) if site else ("", [])
    ((found,),) = book.store.ask(f"SELECT count(*) FROM clinic_participant{where}", values)  # noqa: S608
    return int(found)


def _bodies(
    book: Rulebook, site: str, staff: str | None, now: datetime, progress: Callable[[], None]
) -> Iterator[tuple[str, bytes]]:
    """Yield each calendar with what the index calls it."""
    known = book.site(site)
    study, today = book.protocol(known.protocol_version).study.id, known.today(now)
    makers = {lang: Maker(book, site, language(lang), today) for lang in ("en", "es")}
    people = book.store.ask("SELECT code, lang FROM clinic_participant WHERE site = %s", [site])
    for code, lang in sorted((code, lang) for code, lang in people):
        yield f"{study}/{code}", makers[lang].calendar_of(Owner(whose=Whose.PARTICIPANT, name=code)).data
        progress()
    for whose in (Whose.SITE, Whose.PHARMACY) if staff else ():
        owner = Owner(whose=whose, name=site)
        yield f"{study}/{whose.value}/{site}", makers[staff or "en"].calendar_of(owner).data
