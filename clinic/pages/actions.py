"""What can be done with a participant or a visit: the fields of each form, and the command that they make.

The forms ask for what the command line asks for, and make the same commands of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from enum import Enum
from typing import TypeVar, cast

from clinic.desk.typed import Typed, read_time, read_weekdays
from clinic.desk.work import Known
from schedule.files.taper import parse_taper
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.state import (
    Audience,
    Given,
    Preference,
    PrescribedTaper,
    Scope,
    Standing,
    Status,
    VisitState,
    Where,
)
from schedule.render.language import N_, WEEKDAYS
from schedule.render.reports import AUDIENCES
from schedule.render.sentences import SHORT_GIVEN, STATUSES
from schedule.sites import WEEK, Weekday
from schedule.study.protocol import Kind, VisitCode

E = TypeVar("E", bound=Enum)
DEVIATION, OVERBOOK = "deviation", "overbook"
PLAN_FILE = "plan.csv"
"""What a plan is called in messages that was sent without a name."""
LANGUAGES = {"en": "English", "es": "Español"}
YES_NO = (("yes", N_("yes")), ("no", N_("no")))


class Shape(Enum):
    """How something is typed."""

    DAY = "date"
    TIME = "time"
    LINE = "text"
    WORDS = "words"
    """A few sentences."""
    ONE = "one"
    """One of some choices."""
    SOME = "some"
    """Any of some choices."""
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something that a form asks for."""

    name: str
    label: str
    shape: Shape
    required: bool = False
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """Values, and what they are called."""
    asks_later: bool = False
    """Whether it is asked only where a refusal says that it would do."""
    place: str = ""
    """How refusals name it: the option of the command line."""


class Form:
    """What was sent, read into values; all that is wrong is kept until it is asked."""

    def __init__(self, sent: Mapping[str, str], known: Known, visit: VisitState | None) -> None:
        self._sent = sent
        self.known = known
        self.visit = visit
        self.typed = Typed()

    def sent(self, name: str) -> str:
        """Return the text of a field, without white space around it."""
        return self._sent.get(name, "").strip()

    @property
    def code(self) -> VisitCode:
        """The visit that it is about."""
        return cast("VisitState", self.visit).code

    def day(self, name: str) -> date:
        """Read a day that has to be said."""
        return self.typed.day(name, self.sent(name)) or date.min

    def day_if_said(self, name: str) -> date | None:
        """Read a day."""
        return self.typed.day(name, self.sent(name) or None)

    def time(self, name: str) -> time | None:
        """Read a time of day."""
        return self.typed.read(name, self.sent(name) or None, read_time)

    def text(self, name: str) -> str:
        """Read words that have to be said."""
        return self.typed.text(name, self.sent(name))

    def text_if_said(self, name: str) -> str:
        """Read words that may be left out."""
        return self.typed.if_said(name, self.sent(name))

    def one(self, name: str, of: type[E]) -> E | None:
        """Read a choice."""
        values = {one.value: one for one in of}
        return values.get(self.sent(name))

    def choice(self, name: str, values: Mapping[str, str]) -> str | None:
        """Read one of some values; None where none of them was said."""
        return self.sent(name) if self.sent(name) in values else None

    def weekdays(self, name: str) -> tuple[Weekday, ...]:
        """Read the weekdays that were chosen."""
        return self.typed.read(name, self.sent(name) or None, read_weekdays) or ()

    def yes(self, name: str) -> bool | None:
        """Read yes or no; None where neither was said."""
        return {"yes": True, "no": False}.get(self.sent(name))


Make = Callable[[Form], Command]
Offered = Callable[[Known, VisitState | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A command with its form."""

    name: str
    title: str
    of_visit: bool = False
    fields: tuple[Field, ...] = ()
    make: Make
    offered: Offered
    """Whether it is worth a link; the command itself decides whether it can be done."""
    days: bool = False
    """Whether the days that are open are listed, the best first."""
    warns: bool = False
    """Whether much follows from it."""
    start: Callable[[Known, VisitState | None], Mapping[str, str]] = lambda *_: {}
    """What stands in the form before anybody has typed."""


REASON = Field(name="reason", label=N_("Why"), shape=Shape.LINE, required=True, place="--reason",
               hint=N_("It is kept in the audit. No names, no diagnosis."))  # fmt: skip
DAY = Field(name="day", label=N_("Day"), shape=Shape.DAY, required=True, place="DATE")
TIME = Field(name="at", label=N_("Time"), shape=Shape.TIME, place="TIME",
             hint=N_("Left empty: the site's usual time."))  # fmt: skip
NEW_TIME = replace(TIME, hint=N_("Left empty: the time that it has now."))
GIVEN = Field(name="given", label=N_("Was the dose given?"), shape=Shape.ONE, place="--given",
              choices=tuple((one.value, words) for one, words in SHORT_GIVEN.items()),
              hint=N_("For an infusion only. Attendance is not a dose."))  # fmt: skip
WHERE = Field(name="where", label=N_("Where"), shape=Shape.ONE, place="--remote", choices=(
    (Where.HERE.value, N_("at the site")),
    (Where.REMOTE.value, N_("by phone or video")),
    (Where.OTHER_SITE.value, N_("at another site")),
))  # fmt: skip
ANSWERED = Field(name=DEVIATION, label=N_("Record it as a protocol deviation, because"), shape=Shape.LINE,
                 asks_later=True, place="--deviation", hint=N_("Why the day is taken all the same."))  # fmt: skip
OVERBOOKED = Field(name=OVERBOOK, label=N_("Take the day though no slot is left, because"), shape=Shape.LINE,
                   asks_later=True, place="--overbook", hint=N_("It is kept in the audit."))  # fmt: skip
FIRST = Field(name="first", label=N_("From"), shape=Shape.DAY, required=True, place="DATE..DATE")
LAST = Field(name="last", label=N_("To"), shape=Shape.DAY, place="DATE..DATE", hint=N_("Left empty: that one day."))
WHO = Field(name="who", label=N_("Who told them"), shape=Shape.LINE, required=True, place="--who",
            hint=N_("A role or initials, never a name."))  # fmt: skip
HOW = Field(name="how", label=N_("How"), shape=Shape.LINE, required=True, place="--how",
            hint=N_("By phone, on paper, in person."))  # fmt: skip
PAGES = Field(name="pages", label=N_("Pages that were handed over"), shape=Shape.LINE, place="--page",
              hint=N_("With their versions, such as M3-1 7788c653."))  # fmt: skip
AUDIENCE = Field(name="to", label=N_("Who has heard of it"), shape=Shape.ONE, required=True, place="--to",
                 choices=tuple((one.value, words) for one, words in AUDIENCES.items()))  # fmt: skip


def _book(form: Form) -> Command:
    return ask.Book(
        code=form.code,
        day=form.day("day"),
        at=form.time("at"),
        deviation=form.text_if_said(DEVIATION),
        overbook=form.text_if_said(OVERBOOK),
    )


def _move(form: Form) -> Command:
    return ask.Move(
        code=form.code, day=form.day("day"), at=form.time("at"), reason=form.text("reason"),
        deviation=form.text_if_said(DEVIATION), overbook=form.text_if_said(OVERBOOK),
    )  # fmt: skip


def _done(form: Form) -> Command:
    return ask.RecordDone(
        code=form.code, day=form.day("day"), given=form.one("given", Given),
        where=form.one("where", Where) or Where.HERE, deviation=form.text_if_said(DEVIATION),
    )  # fmt: skip


def _told(form: Form) -> Command:
    return ask.RecordTold(
        audience=form.one("to", Audience) or Audience.PARTICIPANT, codes=(form.code,) if form.visit else (),
        who=form.text("who"), how=form.text("how"), pages=form.text_if_said("pages"),
    )  # fmt: skip


def _correct_visit(form: Form) -> Command:
    return ask.CorrectVisit(
        code=form.code, status=form.one("status", Status), day=form.day_if_said("day"),
        given=form.one("given", Given), where=form.one("where", Where), deviation=form.text_if_said(DEVIATION),
        reason=form.text("reason"),
    )  # fmt: skip


def _correct_participant(form: Form) -> Command:
    return ask.CorrectParticipant(
        randomized=form.day_if_said("randomized"), steroids=form.yes("steroids"), lang=form.choice("lang", LANGUAGES),
        reason=form.text("reason"),
    )  # fmt: skip


def _unscheduled(form: Form) -> Command:
    return ask.AddUnscheduled(
        day=form.day("day"), at=form.time("at"), kind=form.one("kind", Kind) or Kind.CLINIC, reason=form.text("reason")
    )


def _days(form: Form) -> tuple[date, date]:
    first = form.day("first")
    return first, form.day_if_said("last") or first


def _away(form: Form) -> Command:
    first, last = _days(form)
    return ask.SetAway(first=first, last=last)


def _not_away(form: Form) -> Command:
    first, last = _days(form)
    return ask.RemoveAway(first=first, last=last)


def _prefer(form: Form) -> Command:
    wish = Preference(
        weekdays=form.weekdays("weekdays"), not_before=form.time("not_before"), not_after=form.time("not_after")
    )
    return ask.Prefer(preference=wish)


def _as_preferred(known: Known, _: VisitState | None) -> Mapping[str, str]:
    """Begin with what was said before."""
    wish = known.enrolled.preference
    times = {"not_before": wish.not_before, "not_after": wish.not_after}
    said = {name: f"{at:%H:%M}" for name, at in times.items() if at}
    return {"weekdays": ",".join(one.value for one in wish.weekdays), **said}


def _plan_taper(form: Form) -> Command:
    form.typed.check()
    plan = parse_taper(form.sent("plan"), file=form.sent("plan_file") or PLAN_FILE)
    return ask.PrescribeTaper(
        taper=PrescribedTaper(first_day=plan.first_day, steps=plan.steps),
        places={"days": plan.day_places, "doses": plan.dose_places},
        file=plan.file,
    )


def _ending(standing: Standing) -> Make:
    def end(form: Form) -> Command:
        return ask.EndParticipation(standing=standing, day=form.day("day"), reason=form.text("reason"))

    return end


def _on_its_day(known: Known, visit: VisitState | None) -> Mapping[str, str]:
    """Begin with the day that was promised if it has come, else with today."""
    today = known.rules.today
    promised = visit.dates.day if visit and visit.is_promised else None
    return {"day": (promised if promised and promised <= today else today).isoformat()}


def _to_whoever_waits(known: Known, visit: VisitState | None) -> Mapping[str, str]:
    """Begin with the first of those who have not heard."""
    visits = [visit] if visit else known.enrolled.visits.values()
    waiting = {one for visit in visits for one in visit.to_tell}
    return {"to": next((one.value for one in Audience if one in waiting), Audience.PARTICIPANT.value)}


def _is_open(_: Known, visit: VisitState | None) -> bool:
    return visit is not None and visit.is_open


def _may_be_booked(_: Known, visit: VisitState | None) -> bool:
    return visit is not None and visit.status is Status.PLANNED and visit.kind is not Kind.MILESTONE


def _waits_or_is_open(known: Known, visit: VisitState | None) -> bool:
    return visit is not None and (visit.is_open or visit.status is Status.HELD)


def _may_be_done(known: Known, visit: VisitState | None) -> bool:
    return _waits_or_is_open(known, visit) and cast("VisitState", visit).dates.earliest <= known.rules.today


def _may_be_missed(known: Known, visit: VisitState | None) -> bool:
    if visit is None or not visit.is_open:
        return False
    day = visit.dates.day if visit.is_promised and visit.dates.day else visit.dates.earliest
    return day <= known.rules.today


def _is_active(known: Known, _: VisitState | None) -> bool:
    return known.enrolled.standing is Standing.ACTIVE


def _tapers(known: Known) -> bool:
    taper = known.rules.protocol.taper
    return bool(known.enrolled.steroids and taper and taper.code in known.enrolled.visits)


BOOK, MOVE = "book", "move"
OF_VISIT = (
    Action(name=BOOK, title=N_("Book"), of_visit=True, fields=(DAY, TIME, ANSWERED, OVERBOOKED), make=_book, days=True,
           offered=_may_be_booked),
    Action(name=MOVE, title=N_("Move"), of_visit=True, fields=(DAY, NEW_TIME, REASON, ANSWERED, OVERBOOKED), make=_move,
           days=True, offered=lambda _, visit: visit is not None and visit.is_promised),
    Action(name="confirm", title=N_("Confirm"), of_visit=True, make=lambda form: ask.Confirm(code=form.code),
           offered=lambda _, visit: visit is not None and visit.status is Status.BOOKED),
    Action(name="done", title=N_("Done"), of_visit=True, fields=(DAY, GIVEN, WHERE, ANSWERED), make=_done,
           offered=_may_be_done, start=_on_its_day),
    Action(name="miss", title=N_("Missed"), of_visit=True, fields=(REASON,),
           make=lambda form: ask.RecordMissed(code=form.code, reason=form.text("reason")), offered=_may_be_missed),
    Action(name="cancel", title=N_("Cancel for good"), of_visit=True, fields=(REASON,), warns=True,
           make=lambda form: ask.Cancel(code=form.code, reason=form.text("reason")), offered=_waits_or_is_open),
    Action(name="attempt", title=N_("Tried to reach them"), of_visit=True,
           fields=(Field(name="note", label=N_("What happened"), shape=Shape.LINE, place="--note",
                         hint=N_("No answer, a message was left.")),),
           make=lambda form: ask.LogAttempt(code=form.code, note=form.text_if_said("note")), offered=_is_open),
    Action(name="told", title=N_("They were told"), of_visit=True, fields=(AUDIENCE, WHO, HOW, PAGES), make=_told,
           start=_to_whoever_waits,
           offered=lambda _, visit: visit is not None and bool(visit.to_tell)),
    Action(name="correct", title=N_("Correct"), of_visit=True, fields=(
        Field(name="status", label=N_("Status"), shape=Shape.ONE, place="--status",
              choices=((Status.DONE.value, STATUSES[Status.DONE]), (Status.MISSED.value, STATUSES[Status.MISSED]),
                       (Status.PLANNED.value, N_("planned: opens it again")))),
        Field(name="day", label=N_("Day on which it took place"), shape=Shape.DAY, place="--day"),
        GIVEN, WHERE, REASON, ANSWERED,
    ), make=_correct_visit, offered=lambda _, visit: visit is not None and visit.is_closed),
)  # fmt: skip
OF_PARTICIPANT = (
    Action(name="told", title=N_("They were told"), fields=(AUDIENCE, WHO, HOW, PAGES), make=_told,
           start=_to_whoever_waits,
           offered=lambda known, _: any(visit.to_tell for visit in known.enrolled.visits.values())),
    Action(name="unscheduled", title=N_("Add an unscheduled visit"), fields=(
        DAY, TIME,
        Field(name="kind", label=N_("How it happens"), shape=Shape.ONE, place="--kind",
              choices=((Kind.CLINIC.value, N_("Clinic")), (Kind.VIRTUAL.value, N_("Phone or video")))),
        REASON,
    ), make=_unscheduled, offered=_is_active),
    Action(name="away", title=N_("Cannot come on some days"), fields=(FIRST, LAST), make=_away, offered=_is_active),
    Action(name="not-away", title=N_("Can come again"), fields=(FIRST, LAST), make=_not_away,
           offered=lambda known, _: bool(known.enrolled.away)),
    Action(name="prefer", title=N_("Likes to come on some days"), fields=(
        Field(name="weekdays", label=N_("Weekdays"), shape=Shape.SOME, place="--weekdays",
              choices=tuple((one.value, said) for one, said in zip(WEEK, WEEKDAYS, strict=True)),
              hint=N_("Such days are offered first. None chosen: any of them will do.")),
        Field(name="not_before", label=N_("Not before"), shape=Shape.TIME, place="--not-before",
              hint=N_("The earliest arrival that suits who travels far.")),
        Field(name="not_after", label=N_("Not after"), shape=Shape.TIME, place="--not-after"),
    ), make=_prefer, start=_as_preferred, offered=_is_active),
    Action(name="taper-plan", title=N_("Taper as prescribed"), fields=(
        Field(name="plan", label=N_("The plan, as CSV"), shape=Shape.FILE, required=True,
              hint=N_("The first row names the columns: from,dose_mg,instruction_en,instruction_es")),
    ), make=_plan_taper, offered=lambda known, visit: _is_active(known, visit) and _tapers(known)),
    Action(name="taper-hold", title=N_("Hold the taper"), fields=(REASON,),
           make=lambda form: ask.HoldTaper(reason=form.text("reason")),
           offered=lambda known, visit: _is_active(known, visit) and _tapers(known) and not known.enrolled.taper_held),
    Action(name="taper-resume", title=N_("Let the taper go on"), fields=(REASON,),
           make=lambda form: ask.ResumeTaper(reason=form.text("reason")),
           offered=lambda known, _: known.enrolled.taper_held),
    Action(name="hold", title=N_("Hold infusions"), fields=(REASON,), warns=True,
           make=lambda form: ask.HoldInfusions(scope=Scope.PARTICIPANT, reason=form.text("reason")),
           offered=lambda known, visit: _is_active(known, visit) and Scope.PARTICIPANT not in known.enrolled.holds),
    Action(name="resume", title=N_("Let infusions go on"), fields=(REASON,),
           make=lambda form: ask.ResumeInfusions(scope=Scope.PARTICIPANT, reason=form.text("reason")),
           offered=lambda known, _: Scope.PARTICIPANT in known.enrolled.holds),
    Action(name="stop-infusions", title=N_("Stop infusions"), fields=(REASON,), warns=True,
           make=lambda form: ask.StopInfusions(reason=form.text("reason")),
           offered=lambda known, visit: _is_active(known, visit) and not known.enrolled.stopped_after),
    Action(name="correct", title=N_("Correct"), fields=(
        Field(name="randomized", label=N_("Day of randomization"), shape=Shape.DAY, place="--randomized"),
        Field(name="steroids", label=N_("On steroids"), shape=Shape.ONE, place="--steroids", choices=YES_NO),
        Field(name="lang", label=N_("Language of the papers"), shape=Shape.ONE, place="--lang",
              choices=tuple(LANGUAGES.items())),
        REASON,
    ), make=_correct_participant, offered=lambda *_: True),
    Action(name="withdraw", title=N_("Withdrew"), fields=(DAY, REASON), make=_ending(Standing.WITHDRAWN), warns=True,
           start=_on_its_day,
           offered=_is_active),
    Action(name="terminate", title=N_("Was taken off the study"), fields=(DAY, REASON), warns=True,
           start=_on_its_day, make=_ending(Standing.TERMINATED), offered=_is_active),
    Action(name="died", title=N_("Died"), fields=(DAY, REASON), make=_ending(Standing.DIED), warns=True,
           start=_on_its_day, offered=lambda known, _: known.enrolled.standing is not Standing.DIED),
    Action(name="reinstate", title=N_("Take it back"), fields=(REASON,), warns=True,
           make=lambda form: ask.Reinstate(reason=form.text("reason")),
           offered=lambda known, visit: not _is_active(known, visit) or bool(known.enrolled.stopped_after)),
)  # fmt: skip


def find_action(name: str, *, of_visit: bool) -> Action | None:
    """Return the action of this name."""
    return next((one for one in (OF_VISIT if of_visit else OF_PARTICIPANT) if one.name == name), None)


def offered(known: Known, visit: VisitState | None = None) -> tuple[Action, ...]:
    """Return what is worth a link, for a visit or for the participant."""
    every = OF_PARTICIPANT if visit is None else OF_VISIT
    return tuple(one for one in every if one.offered(known, visit))
