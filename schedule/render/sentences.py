"""Reasons and notices, kept as facts by the planning, said in a language."""

from collections.abc import Iterator, Mapping
from datetime import date

from schedule.planning.burden import Burden
from schedule.planning.notices import (
    CannotBePlaced,
    EndsAfterClosing,
    EndsAfterCompletion,
    FixedOnClosedDay,
    FixedOutsideWindow,
    FixedTooClose,
    NotConfirmed,
    Notice,
    SiteHasExamples,
    SiteHasNoHolidays,
    SiteLeavesBlank,
    TaperDatesWait,
    TaperStartsHigh,
)
from schedule.planning.placing import AnchorDay, Away, DayRefused, TooClose
from schedule.render.language import N_, Language
from schedule.sites import OBSERVED, Closed, ClosedWeekday, ClosureClosed, HolidayClosed, Weekday
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Text, VisitCode
from schedule.views import StaffSchedule, StaffVisitView

CLOSED_ON = {
    Weekday.MONDAY: N_("the clinic is closed on Mondays"),
    Weekday.TUESDAY: N_("the clinic is closed on Tuesdays"),
    Weekday.WEDNESDAY: N_("the clinic is closed on Wednesdays"),
    Weekday.THURSDAY: N_("the clinic is closed on Thursdays"),
    Weekday.FRIDAY: N_("the clinic is closed on Fridays"),
    Weekday.SATURDAY: N_("the clinic is closed on Saturdays"),
    Weekday.SUNDAY: N_("the clinic is closed on Sundays"),
}
KINDS = {
    Kind.INFUSION: N_("infusion"),
    Kind.CLINIC: N_("clinic visit"),
    Kind.VIRTUAL: N_("phone or video call"),
    Kind.MILESTONE: N_("milestone"),
}
SHORT_KINDS = {
    Kind.INFUSION: N_("infusion"),
    Kind.CLINIC: N_("clinic"),
    Kind.VIRTUAL: N_("call"),
    Kind.MILESTONE: N_("task"),
}
HOLIDAYS = (
    N_("New Year's Day"), N_("Martin Luther King Jr. Day"), N_("Washington's Birthday"), N_("Memorial Day"),
    N_("Juneteenth National Independence Day"), N_("Independence Day"), N_("Labor Day"), N_("Columbus Day"),
    N_("Veterans Day"), N_("Thanksgiving Day"), N_("Christmas Day"),
)  # fmt: skip

Names = Mapping[VisitCode, Text]


def names_of(schedule: StaffSchedule) -> Names:
    """Return what each visit of the schedule is called."""
    return {visit.code: visit.name for visit in schedule.visits}


def because(visit: StaffVisitView, names: Names, speaks: Language) -> list[str]:
    """Say why the visit's dates are what they are."""
    return [
        _say_count_from(visit, names, speaks),
        *_say_anchor(visit, names, speaks),
        *_say_day(visit, names, speaks),
        *_say_assumed(visit, speaks),
    ]


def unplaced_reasons(visit: StaffVisitView, names: Names, speaks: Language) -> list[str]:
    """Say day by day why no day fits; nothing for a visit that has one."""
    return [_say_refusal(one, names, speaks) for one in visit.refused] if visit.planned is None else []


def _say_count_from(visit: StaffVisitView, names: Names, speaks: Language) -> str:
    counts = visit.counts
    name = speaks.text(visit.name)
    if counts.anchor == RANDOMIZATION and counts.anchor_day == visit.target:
        day = speaks.weekday_day(visit.target, year=True)
        return speaks.say("the target of {visit} is the day of randomization: {day}", visit=name, day=day)
    year = counts.anchor_day.year != visit.target.year
    said = speaks.say(
        "{visit} counts from {anchor}: {day} + {offset} = {target}",
        visit=name,
        anchor=speaks.say("randomization") if counts.anchor == RANDOMIZATION else speaks.text(names[counts.anchor]),
        day=speaks.plain_day(counts.anchor_day, year=year),
        offset=speaks.offset(counts.offset),
        target=speaks.weekday_day(visit.target, year=year),
    )
    clipped = counts.offset.is_clipped_after(counts.anchor_day)
    return said + (speaks.say(" (the last day of its month)") if clipped else "")


def _say_anchor(visit: StaffVisitView, names: Names, speaks: Language) -> Iterator[str]:
    """Say which day of the anchor counts, where it is not simply its target."""
    counts = visit.counts
    if counts.anchor == RANDOMIZATION:
        return
    name = speaks.text(names[counts.anchor])
    if counts.anchor_is is AnchorDay.UNPLACED:
        yield speaks.say("no day fits {visit}, so its target counts", visit=name)
    elif counts.anchor_is is AnchorDay.NOT_GIVEN:
        day = speaks.weekday_day(counts.anchor_day)
        yield speaks.say(
            "{visit} was not given or did not take place, so its target counts, {day}", visit=name, day=day
        )
    elif counts.anchor_day != counts.anchor_target:
        days = {
            "visit": name,
            "day": speaks.weekday_day(counts.anchor_day),
            "target": speaks.weekday_day(counts.anchor_target),
        }
        if counts.anchor_is is AnchorDay.ACTUAL:
            yield speaks.say("the actual day of {visit} counts, {day}, not its target, {target}", **days)
        elif counts.anchor_is is AnchorDay.BOOKED:
            yield speaks.say("the booked day of {visit} counts, {day}, not its target, {target}", **days)
        else:
            yield speaks.say("the planned day of {visit} counts, {day}, not its target, {target}", **days)


def _say_day(visit: StaffVisitView, names: Names, speaks: Language) -> Iterator[str]:
    if visit.planned is None:
        yield speaks.say("no day in its window fits")
    elif visit.fixed:
        yield speaks.say("its day is fixed: {day}", day=speaks.weekday_day(visit.planned, year=True))
    elif visit.refused:
        first, *others = visit.refused
        yield speaks.say(
            "moved from {target} to {planned}: {reason}; {slack}",
            **_short_pair(visit.target, visit.planned, speaks),
            reason=_say_why(first, names, speaks),
            slack=_say_slack(visit, speaks),
        )
        if others:
            yield speaks.say(
                "nearer days that could not be taken: {days}",
                days="; ".join(_say_refusal(one, names, speaks) for one in others),
            )


def _short_pair(target: date, planned: date, speaks: Language) -> dict[str, str]:
    """Return two days in as few words as leave no doubt: ``Sat 5`` to ``Fri 4`` within one month."""
    if (target.year, target.month) == (planned.year, planned.month):
        return {
            "target": f"{speaks.short_weekday(target)} {target.day}",
            "planned": f"{speaks.short_weekday(planned)} {planned.day}",
        }
    year = target.year != planned.year
    return {
        "target": speaks.weekday_day(target, year=year),
        "planned": speaks.weekday_day(planned, year=year),
    }


def _say_slack(visit: StaffVisitView, speaks: Language) -> str:
    return speaks.say_count("{count} day of slack left", "{count} days of slack left", visit.slack_days or 0)


def _say_refusal(one: DayRefused, names: Names, speaks: Language) -> str:
    return speaks.say("{day}: {reason}", day=speaks.weekday_day(one.day), reason=_say_why(one, names, speaks))


def _say_why(one: DayRefused, names: Names, speaks: Language) -> str:
    if isinstance(one.why, TooClose):
        return _say_too_close(one.why, names[one.why.to], speaks)
    if isinstance(one.why, Away):
        return speaks.say("the participant is away")
    return say_closed(one.why, speaks)


def _say_too_close(why: TooClose, other: Text, speaks: Language) -> str:
    said = speaks.say_count(
        "{count} day from {visit} on {day}, and {least} are required",
        "{count} days from {visit} on {day}, and {least} are required",
        why.days_apart,
        visit=speaks.text(other),
        day=speaks.weekday_day(why.on),
        least=why.at_least,
    )
    return speaks.say("{reason} (assumed)", reason=said) if why.basis is Basis.ASSUMED else said


def say_closed(why: Closed, speaks: Language) -> str:
    """Say why the clinic is closed."""
    match why:
        case ClosedWeekday():
            return speaks.say(CLOSED_ON[why.weekday])
        case HolidayClosed():
            return speaks.say("the clinic is closed for a holiday ({name})", name=_say_holiday(why.name, speaks))
        case ClosureClosed():
            return speaks.say("the clinic is closed ({reason})", reason=speaks.text(why.reason))


def _say_holiday(names: str, speaks: Language) -> str:
    return "; ".join(
        speaks.say("{holiday}, observed", holiday=speaks.say(name.removesuffix(OBSERVED)))
        if name.endswith(OBSERVED)
        else speaks.say(name)
        for name in names.split("; ")
    )


def say_window(visit: StaffVisitView, speaks: Language) -> str:
    """Say on which days the visit is on time, and whether that is assumed."""
    if visit.earliest == visit.latest:
        window = speaks.say("only {day}", day=speaks.weekday_day(visit.earliest, year=True))
    else:
        window = speaks.say(
            "{earliest} to {latest}",
            earliest=speaks.weekday_day(visit.earliest, year=True),
            latest=speaks.weekday_day(visit.latest, year=True),
        )
    assumed = speaks.say("{window} (assumed)", window=window)
    return assumed if visit.window_basis is Basis.ASSUMED else window


def assumed_parts(visit: StaffVisitView, speaks: Language) -> list[str]:
    """Return which of the visit's figures are assumed and not registered."""
    parts = (
        (visit.anchor_basis, speaks.say("anchor")),
        (visit.offset_basis, speaks.say("offset")),
        (visit.window_basis, speaks.say("window")),
        (visit.length_basis, speaks.say("length")),
    )
    return [name for basis, name in parts if basis is Basis.ASSUMED]


def _say_assumed(visit: StaffVisitView, speaks: Language) -> Iterator[str]:
    if parts := assumed_parts(visit, speaks):
        yield speaks.say("assumed, not registered: {parts}", parts=", ".join(parts))


def say_burden(burden: Burden, speaks: Language) -> list[str]:
    """Say how much the schedule asks of the participant."""
    hours = speaks.say("{length} at the clinic in all, travel not counted", length=speaks.length(burden.clinic_time))
    if burden.lengths_basis is Basis.ASSUMED:
        hours = speaks.say("{hours} (assumed lengths)", hours=hours)
    return [
        speaks.say(
            "{contacts} contacts: {in_person} at the clinic, {virtual} by phone or video",
            contacts=burden.contacts,
            in_person=burden.in_person,
            virtual=burden.virtual,
        ),
        hours,
        speaks.say(
            "longest day: {length} ({visits})",
            length=speaks.length(burden.longest_day),
            visits=", ".join(burden.longest_day_at),
        ),
        speaks.say_count(
            "tightest window: {count} day ({visits})",
            "tightest window: {count} days ({visits})",
            burden.tightest_window_days,
            visits=", ".join(burden.tightest_window_at),
        ),
    ]


def say_notice(notice: Notice, speaks: Language) -> str:  # noqa: PLR0911 - a line for each kind of notice
    """Say what staff should know, and what to do about it."""
    match notice:
        case FixedOnClosedDay() | FixedOutsideWindow() | FixedTooClose():
            return _say_fixed(notice, speaks)
        case TaperStartsHigh() | TaperDatesWait():
            return _say_of_taper(notice, speaks)
        case EndsAfterCompletion():
            return speaks.say(
                "{visit} falls on {day}, after the study's registered completion on {completion}; ask the sponsor",
                visit=notice.visit,
                day=speaks.plain_day(notice.day, year=True),
                completion=speaks.plain_day(notice.completion, year=True),
            )
        case CannotBePlaced():
            return speaks.say(
                "no day fits {visits}; the reasons stand below, day by day", visits=", ".join(notice.visits)
            )
        case SiteLeavesBlank():
            return speaks.say(
                "the site file leaves these empty, they print as blank lines: {keys}",
                keys=", ".join(notice.keys),
            )
        case SiteHasExamples():
            return speaks.say(
                "these values of the site file are examples, not the site's own: {keys}",
                keys=", ".join(notice.keys),
            )
        case SiteHasNoHolidays():
            return speaks.say("the site file names no holidays: visits may fall on one")
        case NotConfirmed():
            return speaks.say(
                "pages say SAMPLE: no [confirmed] of the site file counts for protocol version {version} on {day}",
                version=notice.version,
                day=speaks.weekday_day(notice.day, year=True),
            )
        case EndsAfterClosing():
            return speaks.say(
                "these visits end after the clinic closes if they start at the usual time: {visits}",
                visits=", ".join(notice.visits),
            )


def _say_fixed(notice: FixedOnClosedDay | FixedOutsideWindow | FixedTooClose, speaks: Language) -> str:
    match notice:
        case FixedOnClosedDay():
            return speaks.say(
                "{visit} is fixed on {day}, but {reason}; check the date",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                reason=say_closed(notice.why, speaks),
            )
        case FixedOutsideWindow():
            return speaks.say(
                "{visit} is fixed on {day}, outside its window from {earliest} to {latest}: record a deviation",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                earliest=speaks.weekday_day(notice.earliest),
                latest=speaks.weekday_day(notice.latest, year=True),
            )
        case FixedTooClose():
            return speaks.say(
                "{visit} is fixed on {day}, {reason}: record a deviation",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                reason=_say_too_close(notice.why, notice.other, speaks),
            )


def _say_of_taper(notice: TaperStartsHigh | TaperDatesWait, speaks: Language) -> str:
    if isinstance(notice, TaperDatesWait):
        return speaks.say(
            "the taper is shown without its dates until --infusion2-given says when {visit} was given",
            visit=speaks.text(notice.visit),
        )
    doses = {"dose": speaks.dose(notice.dose_mg), "highest": speaks.dose(notice.highest_mg)}
    if notice.basis is Basis.ASSUMED:
        return speaks.say(
            "the taper starts at {dose} mg a day, above the highest of {highest} mg (assumed); check it", **doses
        )
    return speaks.say(
        "the taper starts at {dose} mg a day, above the registered highest of {highest} mg; check it", **doses
    )
