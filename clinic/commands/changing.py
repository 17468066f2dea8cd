"""Commands that change what is recorded: each shows what follows, asks, and makes one group of records."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import click

from clinic.commands.common import (
    Clinic,
    carry_out,
    change,
    changing,
    deviation_option,
    overbook_option,
    reason_option,
    show_alternatives,
)
from clinic.desk.proposing import find_or_add_site, propose, propose_amendment, propose_enrollment, propose_hold
from clinic.desk.slots import other_days
from clinic.desk.typed import Typed, read_time, read_weekdays
from clinic.desk.work import Known
from schedule.errors import Refused
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import check_bookable, find_visit
from schedule.participant.state import Audience, Given, Preference, Scope, Standing, Status, Where
from schedule.saying import words
from schedule.study.protocol import Kind, VisitCode

participant_argument = click.argument("participant", metavar="PARTICIPANT")
visit_argument = click.argument("visit", metavar="VISIT")
day_argument = click.argument("day", metavar="DATE")
given_option = click.option("--given", type=click.Choice([one.value for one in Given]),
                            help="For an infusion: whether the dose was given. Attendance is not a dose.")  # fmt: skip
participant_lang_option = click.option("--lang", type=click.Choice(["en", "es"]),
                                       help="Language of the participant's papers and calendar.")  # fmt: skip


def _visit(known: Known, code: str) -> VisitCode:
    return find_visit(known.enrolled, code).code


@click.command(epilog="\b\nExample:\n  dayzero enroll P-001 --site gainesville --randomized 2026-03-02 --steroids\n")
@participant_argument
@click.option("--site", "site_name", metavar="NAME|FILE", required=True,
              help="A site of the clinic; an example site or a file is added to it.")  # fmt: skip
@click.option("--randomized", metavar="DATE", required=True, help="The day of randomization, YYYY-MM-DD.")
@click.option("--steroids/--no-steroids", default=None, help="Whether the participant takes steroids; no default.")
@click.option("--day0", metavar="DATE", help="The day the first infusion was given, where it already was.")
@participant_lang_option
@deviation_option
@changing
def enroll(
    clinic: Clinic,
    *,
    participant: str,
    site_name: str,
    randomized: str,
    steroids: bool | None,
    day0: str | None,
    lang: str | None,
    deviation: str,
) -> None:
    """Begin the record of PARTICIPANT, a code such as P-001, never a name."""
    typed = Typed()
    code = typed.participant(participant)
    days = typed.day("--randomized", randomized), typed.day("--day0", day0)
    deviation = typed.if_said("--deviation", deviation)
    typed.check()
    site, before = find_or_add_site(clinic.book, site_name, clinic.now)
    command = ask.Enroll(
        participant=code,
        randomized=cast("date", days[0]),
        steroids=steroids,
        lang=lang or "en",
        day0=days[1],
        deviation=deviation,
    )
    carry_out(clinic, propose_enrollment(clinic.book, command, site, clinic.now, before, speaks=clinic.speaks))


BOOKING = "\b\nExamples:\n  dayzero {verb} P-001 M3{reason}                   lists the days that are open\n" + (
    "  dayzero {verb} P-001 M3 2026-06-01{reason}\n  dayzero {verb} P-001 M3 2026-06-01 09:00{reason}\n"
)


def _slot_arguments(command: Callable[..., None]) -> Callable[..., None]:
    for argument in (
        click.argument("at", metavar="[TIME]", required=False),
        click.argument("day", metavar="[DATE]", required=False),
        visit_argument,
        participant_argument,
    ):
        command = argument(command)
    return command


@click.command(epilog=BOOKING.format(verb="book", reason=""))
@_slot_arguments
@deviation_option
@overbook_option
@changing
def book(
    clinic: Clinic, *, participant: str, visit: str, day: str | None, at: str | None, deviation: str, overbook: str
) -> None:
    """Promise VISIT of PARTICIPANT for DATE, at the site's usual time or at TIME.

    Without DATE the days that are open are listed, the best first.
    """
    typed = Typed()
    days = typed.day("DATE", day), typed.read("TIME", at, read_time)
    deviation, overbook = typed.if_said("--deviation", deviation), typed.if_said("--overbook", overbook)
    typed.check()
    known = clinic.find(participant)
    code = _visit(known, visit)
    if days[0] is None:
        _show_open_days(clinic, known, code)
        return
    command = ask.Book(code=code, day=days[0], at=days[1], deviation=deviation, overbook=overbook)
    _change_day(clinic, known, command)


@click.command(epilog=BOOKING.format(verb="move", reason=" --reason storm"))
@_slot_arguments
@click.option("--reason", metavar="WHY", help="Why; it is kept in the audit.")
@deviation_option
@overbook_option
@changing
def move(
    clinic: Clinic,
    *,
    participant: str,
    visit: str,
    day: str | None,
    at: str | None,
    reason: str | None,
    deviation: str,
    overbook: str,
) -> None:
    """Give VISIT of PARTICIPANT another DATE or TIME. Its window stays where it is.

    Without DATE the days that are open are listed, the best first.
    """
    typed = Typed()
    days = typed.day("DATE", day), typed.read("TIME", at, read_time)
    if days[0] is not None:
        reason = typed.text("--reason", reason or "")
    deviation, overbook = typed.if_said("--deviation", deviation), typed.if_said("--overbook", overbook)
    typed.check()
    known = clinic.find(participant)
    code = _visit(known, visit)
    if days[0] is None:
        _show_open_days(clinic, known, code)
        return
    command = ask.Move(code=code, day=days[0], at=days[1], reason=reason or "", deviation=deviation, overbook=overbook)
    _change_day(clinic, known, command)


def _show_open_days(clinic: Clinic, known: Known, code: VisitCode) -> None:
    """List the days that are open. Raises Refused for a visit that can have no other day."""
    check_bookable(known.enrolled, code)
    show_alternatives(clinic, known, code)


def _change_day(clinic: Clinic, known: Known, command: ask.Book | ask.Move) -> None:
    """Carry out a booking; where its day is refused, show the days that are open too."""
    try:
        proposal = propose(clinic.book, known, command, clinic.now)
    except Refused:
        visit = known.enrolled.visits[command.code]
        if clinic.shown == "table" and visit.is_open and visit.kind is not Kind.MILESTONE:
            show_alternatives(clinic, known, command.code, err=True)
        raise
    others = other_days(clinic.store, known, command.code) if clinic.dry_run else ()
    carry_out(clinic, proposal, others=others)


@click.command(epilog="\b\nExample:\n  dayzero confirm P-001 M3\n")
@participant_argument
@visit_argument
@changing
def confirm(clinic: Clinic, *, participant: str, visit: str) -> None:
    """Note that PARTICIPANT has said that they come to VISIT."""
    known = clinic.find(participant)
    change(clinic, known, ask.Confirm(code=_visit(known, visit)))


@click.command(epilog="\b\nExample:\n  dayzero done P-001 M3 2026-06-03 --given yes\n")
@participant_argument
@visit_argument
@day_argument
@given_option
@click.option("--remote", is_flag=True, help="It took place by phone or video, or at home.")
@click.option("--other-site", is_flag=True, help="It took place at another site.")
@deviation_option
@changing
def done(
    clinic: Clinic,
    *,
    participant: str,
    visit: str,
    day: str,
    given: str | None,
    remote: bool,
    other_site: bool,
    deviation: str,
) -> None:
    """Record that VISIT took place on DATE; for an infusion also whether the dose was given."""
    typed = Typed()
    on = typed.day("DATE", day)
    if remote and other_site:
        typed.wrong(words("--remote and --other-site"), words("say only one of them"))
    deviation = typed.if_said("--deviation", deviation)
    typed.check()
    known = clinic.find(participant)
    command = ask.RecordDone(
        code=_visit(known, visit),
        day=cast("date", on),
        given=Given(given) if given else None,
        where=_where(remote=remote, other_site=other_site) or Where.HERE,
        deviation=deviation,
    )
    change(clinic, known, command)


def _where(*, remote: bool, other_site: bool) -> Where | None:
    return Where.REMOTE if remote else Where.OTHER_SITE if other_site else None


@click.command(epilog="\b\nExample:\n  dayzero miss P-001 M2 --reason 'no answer, three tries'\n")
@participant_argument
@visit_argument
@reason_option
@changing
def miss(clinic: Clinic, *, participant: str, visit: str, reason: str) -> None:
    """Record that VISIT did not take place and will not. While its window is open, another day is offered."""
    known = clinic.find(participant)
    code = _visit(known, visit)
    proposal = propose(clinic.book, known, ask.RecordMissed(code=code, reason=_reason(reason)), clinic.now)
    before = known.enrolled.visits[code]
    if clinic.shown == "table" and known.rules.today <= before.dates.latest and before.kind is not Kind.MILESTONE:
        click.echo(
            clinic.speaks.say("its window is open until {day}: 'dayzero move' can still give it another day",
                              day=clinic.speaks.weekday_day(before.dates.latest))
        )  # fmt: skip
        show_alternatives(clinic, known, code)
    carry_out(clinic, proposal)


def _reason(text: str) -> str:
    typed = Typed()
    text = typed.text("--reason", text)
    typed.check()
    return text


@click.command(epilog="\b\nExample:\n  dayzero cancel P-001 M19 --reason 'moved abroad'\n")
@participant_argument
@visit_argument
@reason_option
@changing
def cancel(clinic: Clinic, *, participant: str, visit: str, reason: str) -> None:
    """Take VISIT off the schedule of PARTICIPANT for good."""
    known = clinic.find(participant)
    change(clinic, known, ask.Cancel(code=_visit(known, visit), reason=_reason(reason)))


@click.command(epilog="\b\nExample:\n  dayzero unscheduled P-001 2026-06-20 --reason rash\n")
@participant_argument
@day_argument
@click.argument("at", metavar="[TIME]", required=False)
@click.option("--kind", type=click.Choice([Kind.CLINIC.value, Kind.VIRTUAL.value]), default=Kind.CLINIC.value,
              show_default=True, help="How it happens.")  # fmt: skip
@reason_option
@changing
def unscheduled(clinic: Clinic, *, participant: str, day: str, at: str | None, kind: str, reason: str) -> None:
    """Add a visit that the protocol does not plan: done if DATE has come, booked if it has not."""
    typed = Typed()
    on, time = typed.day("DATE", day), typed.read("TIME", at, read_time)
    reason = typed.text("--reason", reason)
    typed.check()
    known = clinic.find(participant)
    change(clinic, known, ask.AddUnscheduled(day=cast("date", on), kind=Kind(kind), at=time, reason=reason))


@click.command(epilog="\b\nExample:\n  dayzero away P-001 2026-07-01..2026-07-14\n")
@participant_argument
@click.argument("days", metavar="DATE..DATE")
@click.option("--remove", is_flag=True, help="Take these days back.")
@changing
def away(clinic: Clinic, *, participant: str, days: str, remove: bool) -> None:
    """Note the days on which PARTICIPANT cannot come, both included."""
    typed = Typed()
    first, last = typed.days("DATE..DATE", days)
    typed.check()
    command = ask.RemoveAway(first=first, last=last) if remove else ask.SetAway(first=first, last=last)
    change(clinic, clinic.find(participant), command)


@click.command(epilog="\b\nExamples:\n  dayzero prefer P-001 --weekdays mon,wed --not-before 10:00\n"
               "  dayzero prefer P-001 --remove\n")  # fmt: skip
@participant_argument
@click.option("--weekdays", metavar="DAYS", help="Such as mon,wed.")
@click.option("--not-before", metavar="TIME", help="The earliest arrival that suits who travels far: 10:00.")
@click.option("--not-after", metavar="TIME", help="The latest arrival.")
@click.option("--remove", is_flag=True, help="Any day and time will do again.")
@changing
def prefer(
    clinic: Clinic,
    *,
    participant: str,
    weekdays: str | None,
    not_before: str | None,
    not_after: str | None,
    remove: bool,
) -> None:
    """Note when PARTICIPANT likes to come, in the place of what was noted: it orders days, and forbids none."""
    typed = Typed()
    wish = Preference(
        weekdays=typed.read("--weekdays", weekdays, read_weekdays) or (),
        not_before=typed.read("--not-before", not_before, read_time),
        not_after=typed.read("--not-after", not_after, read_time),
    )
    typed.check()
    if remove is (wish != Preference()):
        raise click.UsageError(clinic.speaks.say("say what suits the participant, or --remove"))
    change(clinic, clinic.find(participant), ask.Prefer(preference=wish))


@click.group()
def taper() -> None:
    """Keep a participant's steroid taper: prescribed steps, holds."""


@taper.command("plan", epilog="\b\nExample:\n  dayzero taper plan P-001 plan.csv\n")
@participant_argument
@click.argument("file", metavar="FILE")
@changing
def plan_taper(clinic: Clinic, *, participant: str, file: str) -> None:
    """Record the steps of the taper as prescribed, from a CSV file (docs/taper-plan.md)."""
    from schedule.files.taper import read_taper
    from schedule.participant.state import PrescribedTaper

    plan = read_taper(Path(file))
    command = ask.PrescribeTaper(
        taper=PrescribedTaper(first_day=plan.first_day, steps=plan.steps),
        places={"days": plan.day_places, "doses": plan.dose_places},
        file=plan.file,
    )
    change(clinic, clinic.find(participant), command)


@taper.command("hold", epilog="\b\nExample:\n  dayzero taper hold P-001 --reason flare\n")
@participant_argument
@reason_option
@changing
def hold_taper(clinic: Clinic, *, participant: str, reason: str) -> None:
    """Let the taper wait (a flare, a rescue dose): its dates leave papers and calendars."""
    change(clinic, clinic.find(participant), ask.HoldTaper(reason=_reason(reason)))


@taper.command("resume", epilog="\b\nExample:\n  dayzero taper resume P-001 --reason 'study doctor agrees'\n")
@participant_argument
@reason_option
@changing
def resume_taper(clinic: Clinic, *, participant: str, reason: str) -> None:
    """Let the taper go on."""
    change(clinic, clinic.find(participant), ask.ResumeTaper(reason=_reason(reason)))


@click.command(
    "stop-infusions", epilog="\b\nExample:\n  dayzero stop-infusions P-001 --reason 'study doctor decided'\n"
)
@participant_argument
@reason_option
@changing
def stop_infusions(clinic: Clinic, *, participant: str, reason: str) -> None:
    """Give no infusion any more; the long follow-up counts from the last dose that was given."""
    change(clinic, clinic.find(participant), ask.StopInfusions(reason=_reason(reason)))


def _hold_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        changing,
        reason_option,
        click.option("--study", is_flag=True, help="Everybody in the study."),
        click.option("--site", metavar="SITE", help="Everybody at a site."),
        click.argument("participant", metavar="[PARTICIPANT]", required=False),
    ):
        command = option(command)
    return command


@click.command(epilog="\b\nExample:\n  dayzero hold --site gainesville --reason 'pump recall'\n")
@_hold_options
def hold(clinic: Clinic, *, participant: str | None, site: str | None, study: bool, reason: str) -> None:
    """Let infusions wait, of one PARTICIPANT, a site, or the study: do not come until we call."""
    _hold_or_resume(clinic, participant, site, study=study, reason=reason, held=True)


@click.command(epilog="\b\nExample:\n  dayzero resume --site gainesville --reason 'pumps replaced'\n")
@_hold_options
def resume(clinic: Clinic, *, participant: str | None, site: str | None, study: bool, reason: str) -> None:
    """Lift a hold of infusions."""
    _hold_or_resume(clinic, participant, site, study=study, reason=reason, held=False)


def _hold_or_resume(
    clinic: Clinic, participant: str | None, site: str | None, *, study: bool, reason: str, held: bool
) -> None:
    if sum(map(bool, (participant, site, study))) != 1:
        raise click.UsageError(clinic.speaks.say("say one of them: PARTICIPANT, --site SITE or --study"))
    reason = _reason(reason)
    if participant:
        make = ask.HoldInfusions if held else ask.ResumeInfusions
        change(clinic, clinic.find(participant), make(scope=Scope.PARTICIPANT, reason=reason))
        return
    carry_out(clinic, propose_hold(clinic.book, site, reason=reason, held=held, now=clinic.now))


def _ending(name: str, standing: Standing, words: str) -> click.Command:
    def end(clinic: Clinic, *, participant: str, day: str, reason: str) -> None:
        typed = Typed()
        on, why = typed.day("DATE", day), typed.text("--reason", reason)
        typed.check()
        command = ask.EndParticipation(standing=standing, day=cast("date", on), reason=why)
        change(clinic, clinic.find(participant), command)

    end.__doc__ = words
    command = reason_option(changing(end))
    example = f"\b\nExample:\n  dayzero {name} P-001 2026-08-01 --reason ...\n"
    return click.command(name, epilog=example)(participant_argument(day_argument(command)))


withdraw = _ending("withdraw", Standing.WITHDRAWN, "Record that PARTICIPANT withdrew on DATE.")
died = _ending("died", Standing.DIED, "Record that PARTICIPANT died on DATE: nobody calls or writes any more.")
terminate = _ending("terminate", Standing.TERMINATED, "Record that PARTICIPANT was taken off the study on DATE.")


@click.command(epilog="\b\nExample:\n  dayzero reinstate P-001 --reason 'wrong participant'\n")
@participant_argument
@reason_option
@changing
def reinstate(clinic: Clinic, *, participant: str, reason: str) -> None:
    """Take back withdraw, died or terminate: what they cancelled is planned again."""
    change(clinic, clinic.find(participant), ask.Reinstate(reason=_reason(reason)))


@click.command(epilog="\b\nExamples:\n  dayzero correct P-001 M3 --given no --reason 'read the wrong line'\n"
               "  dayzero correct P-001 M3 --status planned --reason 'it was another participant'\n"
               "  dayzero correct P-001 --randomized 2026-03-03 --reason 'the form says the 3rd'\n")  # fmt: skip
@participant_argument
@click.argument("visit", metavar="[VISIT]", required=False)
@click.option("--status", type=click.Choice(["planned", "done", "missed"]), help="planned opens the visit again.")
@click.option("--day", metavar="DATE", help="The day on which it took place.")
@given_option
@click.option("--remote", is_flag=True, help="It took place by phone or video, or at home.")
@click.option("--other-site", is_flag=True, help="It took place at another site.")
@click.option("--here", is_flag=True, help="It took place at the participant's site.")
@click.option("--randomized", metavar="DATE", help="The day of randomization.")
@click.option("--steroids/--no-steroids", default=None, help="Whether the participant takes steroids.")
@participant_lang_option
@deviation_option
@reason_option
@changing
def correct(clinic: Clinic, *, participant: str, visit: str | None, reason: str, **amended: Any) -> None:
    """Amend what is recorded of VISIT, or of PARTICIPANT. The wrong entry stays in the audit."""
    typed = Typed()
    why = typed.text("--reason", reason)
    of_visit = ("status", "day", "given", "remote", "other_site", "here", "deviation")
    of_participant = ("randomized", "steroids", "lang")
    other = of_participant if visit else of_visit
    for name in other:
        if amended[name] not in (None, False, "") or (name == "steroids" and amended[name] is not None):
            wrong = words("goes without VISIT only") if visit else words("goes with a VISIT only")
            typed.wrong(f"--{name.replace('_', '-')}", wrong)
    if sum(amended[name] for name in ("remote", "other_site", "here")) > 1:
        typed.wrong(words("--remote, --other-site and --here"), words("say only one of them"))
    day, randomized = typed.day("--day", amended["day"]), typed.day("--randomized", amended["randomized"])
    deviation = typed.if_said("--deviation", amended["deviation"])
    typed.check()
    known = clinic.find(participant)
    if visit is None:
        command: Command = ask.CorrectParticipant(
            randomized=randomized, steroids=amended["steroids"], lang=amended["lang"], reason=why
        )
    else:
        here = Where.HERE if amended["here"] else None
        command = ask.CorrectVisit(
            code=_visit(known, visit),
            status=Status(amended["status"]) if amended["status"] else None,
            day=day,
            given=Given(amended["given"]) if amended["given"] else None,
            where=_where(remote=amended["remote"], other_site=amended["other_site"]) or here,
            deviation=deviation,
            reason=why,
        )
    change(clinic, known, command)


@click.command(epilog="\b\nExample:\n  dayzero amend protocol-2.toml --site gainesville --reason 'amendment 2'\n")
@click.argument("file", metavar="PROTOCOL")
@click.option("--site", metavar="SITE", required=True, help="The site that follows it from now on.")
@reason_option
@changing
def amend(clinic: Clinic, *, file: str, site: str, reason: str) -> None:
    """Follow PROTOCOL, a new version, at a site: what is outstanding is planned anew, what is closed stays."""
    from schedule.files.protocol import find_protocol

    reason = _reason(reason)
    carry_out(clinic, propose_amendment(clinic.book, find_protocol(file), site, reason=reason, now=clinic.now))


@click.command(epilog="\b\nExample:\n  dayzero attempt P-001 M5 --note 'left a message'\n")
@participant_argument
@visit_argument
@click.option("--note", metavar="WORDS", default="", help="What happened: no answer, a message was left.")
@changing
def attempt(clinic: Clinic, *, participant: str, visit: str, note: str) -> None:
    """Note a try to reach PARTICIPANT for VISIT that came to nothing."""
    typed = Typed()
    note = typed.if_said("--note", note)
    typed.check()
    known = clinic.find(participant)
    change(clinic, known, ask.LogAttempt(code=_visit(known, visit), note=note))


@click.command(epilog="\b\nExample:\n  dayzero told P-001 M3 --to pharmacy --who 'pharmacist, MK' --how phone\n")
@participant_argument
@click.argument("visits", metavar="[VISIT]...", nargs=-1)
@click.option("--to", "audience", type=click.Choice([one.value for one in Audience]), required=True,
              help="Who heard of it.")  # fmt: skip
@click.option("--who", metavar="WHO", required=True, help="A role or initials, never a name.")
@click.option("--how", metavar="HOW", required=True, help="By phone, on paper, in person.")
@click.option("--page", "pages", metavar="PAGES", default="",
              help="The pages that were handed over, with their versions: 'M3-1 7788c653'.")  # fmt: skip
@changing
def told(
    clinic: Clinic, *, participant: str, visits: tuple[str, ...], audience: str, who: str, how: str, pages: str
) -> None:
    """Record who has heard of the changes of VISIT; of all that waits to be told, where no VISIT is named."""
    typed = Typed()
    who, how = typed.text("--who", who), typed.text("--how", how)
    pages = typed.if_said("--page", pages)
    typed.check()
    known = clinic.find(participant)
    codes = tuple(_visit(known, visit) for visit in visits)
    change(clinic, known, ask.RecordTold(audience=Audience(audience), codes=codes, who=who, how=how, pages=pages))
