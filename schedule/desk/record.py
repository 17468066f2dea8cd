"""From a participant's record to a plan of it, and to the folder that is handed out: what ``publish`` writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from schedule.desk.feeds import write_with_feed
from schedule.desk.plan import PAPERS, Plan, print_paper, render_possible
from schedule.desk.writing import Output, check_not_served, in_folder, left_from_before, write_outputs
from schedule.errors import InvalidInput, Problem
from schedule.files.schedule_file import parse_schedule, read_schedule
from schedule.participant.replanning import Rules, place_again
from schedule.participant.state import Participant, Standing, Status
from schedule.planning.changes import Comparison, KeptSchedule, PageCode, compare
from schedule.planning.notices import Notice, TaperDatesWait, TaperPrescribedEarly, about_site, notice
from schedule.record_views import date_taper, taper_day, view_record
from schedule.render.change_sheet import changes_html
from schedule.render.editions import page_editions
from schedule.render.language import language
from schedule.render.pages import PLAIN, Style
from schedule.render.tables import schedule_json
from schedule.render.worksheets import worksheets
from schedule.study.protocol import Kind
from schedule.views import view_for_participant

CHANGES = "changes"
"""The name of the change sheet, before its ending."""
SCHEDULE = "schedule.json"
PRINTED = ".printed.json"
"""The schedule that the papers tell which were printed last: files for programs are often written without papers."""


def make_record(state: Participant, rules: Rules, *, as_of: datetime, enrolled: datetime, wording: str = "") -> Plan:
    """Return the record as a plan, so that the same papers, calendars and files are made from it.

    ``as_of`` is the instant of publishing and ``enrolled`` that of the enrollment, both in UTC.
    """
    staff = view_record(
        state,
        rules,
        as_of=as_of,
        enrolled=enrolled,
        notices=notices_of(state, rules, as_of=as_of),
        wording=wording,
    )
    return Plan(staff=staff, participant=view_for_participant(staff, rules.protocol))


def notices_of(state: Participant, rules: Rules, *, as_of: datetime) -> tuple[Notice, ...]:
    """Return what staff should know of what is outstanding, and of the site."""
    placed = place_again(state, rules)
    ahead = [
        replace(placed[visit.code], planned=visit.dates.day)
        for visit in state.outstanding
        if visit.code in placed and visit.status is not Status.HELD and visit.kind is not Kind.MILESTONE
    ]
    about = notice(rules.protocol, ahead, rules.site, as_of) if ahead else about_site(rules.protocol, rules.site, as_of)
    return (*_notice_taper(state, rules), *about)


def _notice_taper(state: Participant, rules: Rules) -> Sequence[Notice]:
    milestone, steps, start = rules.protocol.taper, date_taper(state, rules), taper_day(state, rules)
    if milestone is None or not steps:
        return ()
    from schedule.planning.taper import TaperPlan, notice_taper, own_plan  # noqa: PLC0415 - most have no steps

    prescribed = state.taper
    plan = own_plan(milestone)
    if prescribed:
        plan = TaperPlan(file="", first_day=prescribed.first_day, steps=prescribed.steps, day_places=(), dose_places=())
    placed = place_again(state, rules)
    about = notice_taper(milestone, plan, placed[milestone.code], tuple(placed.values()))
    said: list[Notice] = [one for one in about if not isinstance(one, TaperDatesWait)]
    if prescribed and prescribed.first_day and start and steps[0].date_from is None:
        said.append(
            TaperPrescribedEarly(first_day=prescribed.first_day, may_start=state.visits[milestone.code].dates.target)
        )
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlace:
    """Where feeds lie: their folder, the address that serves it where one is known, and a name for a new one."""

    folder: Path
    base: str | None
    new_name: str
    """Secret, and drawn anew each time; a participant who has a feed keeps its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published, and how it differs from what was before."""

    plan: Plan
    files: tuple[Path, ...]
    feed: Path | None
    missing: str
    """What is missing for the PDF; nothing where it was made, or not wanted."""
    comparison: Comparison | None
    """Since papers were made last; None the first time, and where the file of the last time cannot be read."""
    unread: tuple[Problem, ...] = ()
    """Why the file of the last time cannot be read."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """The packet's pages to hand over: the code of each that is new or not what it was, with its hash."""
    left: tuple[str, ...] = ()
    """Names of our files from before that were not written now: they may tell older dates."""


def publish(
    plan: Plan,
    out: Path,
    kinds: Sequence[str],
    *,
    lang: str,
    staff_lang: str,
    style: Style = PLAIN,
    feed: FeedPlace | None = None,
) -> Published:
    """Write the participant's folder in ``out``, the feed where one is wanted, and a change sheet since the last print.

    All files are written or none. Where nothing changed since then, the change sheet of the last print stays. After a
    death the participant's packet is not made, and no change sheet; nor is a paper that would have no page.
    Raises Refused where the folder holds another participant or lies where feeds are served, StoreUnavailable, and
    InvalidInput where the site's own template fails or the index of feeds cannot be read.
    """
    folder = out / plan.staff.participant
    if feed:
        check_not_served(out, feed.folder, plan.staff.participant)
    before, unread = _read_last(folder)
    now: list[tuple[Plan, Comparison | None, list[Output], str]] = []

    def render(linked: Plan) -> list[Output]:
        files, missing = _render(linked, kinds, lang=lang, staff_lang=staff_lang, style=style)
        comparison = compare(before, keep(linked, staff_lang)) if before else None
        sheet = _change_sheet(linked, comparison, kinds, lang=lang, style=style, with_pdf=not missing)
        printed = {PRINTED: _schedule(linked, staff_lang)} if any(kind in PAPERS for kind in kinds) else {}
        outputs = in_folder(folder, sheet | printed | files)
        now.append((linked, comparison, outputs, missing))
        return outputs

    path = None
    if feed:
        path, _ = write_with_feed(plan, render, feed.folder, base=feed.base, lang=lang, new_name=feed.new_name)
    else:
        write_outputs(render(plan))
    linked, comparison, outputs, missing = now[-1]
    return Published(
        plan=linked,
        files=tuple(output.path for output in outputs if output.path.name != PRINTED),
        feed=path,
        missing=missing,
        comparison=comparison,
        unread=unread,
        pages=_new_pages(page_editions(linked.participant), before) if has_packet(linked) else {},
        left=tuple(left_from_before(folder, outputs)),
    )


def _new_pages(editions: Mapping[str, str], before: KeptSchedule | None) -> dict[str, str]:
    known = before.pages if before else {}
    return {code: edition for code, edition in editions.items() if known.get(PageCode(code)) != edition}


def keep(plan: Plan, staff_lang: str) -> KeptSchedule:
    """Return the plan as a comparison reads it from its ``schedule.json``."""
    return parse_schedule(_schedule(plan, staff_lang).decode(), file=SCHEDULE)


def _schedule(plan: Plan, staff_lang: str) -> bytes:
    return schedule_json(plan.staff, language(staff_lang), page_editions(plan.participant))


def _read_last(folder: Path) -> tuple[KeptSchedule | None, tuple[Problem, ...]]:
    path = folder / PRINTED if (folder / PRINTED).exists() else folder / SCHEDULE
    if not path.exists():
        return None, ()
    try:
        return read_schedule(path), ()
    except InvalidInput as error:
        return None, tuple(error.problems)


def _render(
    plan: Plan, kinds: Sequence[str], *, lang: str, staff_lang: str, style: Style
) -> tuple[dict[str, bytes], str]:
    files, missing = render_possible(plan, kinds, lang=lang, staff_lang=staff_lang, style=style)
    empty = []
    if not has_packet(plan):
        empty.append("packet.")
    if not worksheets(plan.staff):
        empty.append("worksheets.")
    return {name: data for name, data in files.items() if not name.startswith(tuple(empty))}, missing


def has_packet(plan: Plan) -> bool:
    """Tell whether there is anything for the participant: nothing after a death."""
    return plan.staff.standing is not Standing.DIED and bool(plan.participant.visits)


def _change_sheet(
    plan: Plan, comparison: Comparison | None, kinds: Sequence[str], *, lang: str, style: Style, with_pdf: bool
) -> dict[str, bytes]:
    """Return the change sheet as the papers that are wanted; nothing where there is nothing to tell."""
    papers = [kind for kind in kinds if kind in PAPERS and (kind != "pdf" or with_pdf)]
    silent = plan.staff.standing is Standing.DIED
    if comparison is None or not comparison.concerns_packet or silent or not papers:
        return {}
    return print_paper(CHANGES, changes_html(comparison, language(lang), style), papers)
