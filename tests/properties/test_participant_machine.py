"""Whatever is asked in whatever order, a record keeps its rules: a machine of commands against a simple model."""

from dataclasses import replace
from datetime import date, time, timedelta
from functools import lru_cache

from builders import closed, example_site, registered_protocol, with_visit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from story import P001, Story

from schedule.errors import Problem, Refused
from schedule.participant import commands as ask
from schedule.participant.commands import Command
from schedule.participant.deciding import decide
from schedule.participant.due import to_rebook
from schedule.participant.evolving import evolve, replay
from schedule.participant.replanning import Rules
from schedule.participant.state import (
    Audience,
    Given,
    Participant,
    Preference,
    Scope,
    Standing,
    Status,
    VisitState,
    Where,
)
from schedule.saying import Said
from schedule.sites import Weekday
from schedule.study.protocol import Kind, Label, Protocol, Text, VisitCode, Window

ENDS = [Standing.WITHDRAWN, Standing.DIED, Standing.TERMINATED]
OPENS_AGAIN = (ask.CorrectVisit, ask.CorrectParticipant, ask.Reinstate)
"""What may change a closed visit. Of a participant, only that they take steroids after all: their taper is back."""
TAPER = VisitCode("TAPER")


@lru_cache(maxsize=1)
def amended_protocol() -> Protocol:
    """Return a second version: M9 is gone, M17 is new, M12 is a visit, and calls have three days more."""
    first = registered_protocol()
    call = next(visit for visit in first.visits if visit.code == "M18")
    month17 = replace(call, code=VisitCode("M17"), offset=replace(call.offset, months=4))
    longer = with_visit(first, "M12", kind=Kind.CLINIC, name=Text(en="Month 12, in person", es="Mes 12, en persona"))
    visits = tuple(
        replace(visit, window=Window(before=3, after=10)) if visit.kind is Kind.VIRTUAL else visit
        for visit in (*longer.visits, month17)
        if visit.code != "M9"
    )
    return replace(first, visits=visits, study=replace(first.study, version=Label("2")))


class Records(RuleBasedStateMachine):
    """Commands, allowed or not, one after another, while days go by."""

    story: Story
    target_days: dict[VisitCode, date]
    """The target that each closed visit had when it was closed."""
    last_given: VisitCode | None

    @initialize(
        randomized=st.dates(date(2026, 1, 5), date(2027, 2, 28)),
        steroids=st.sampled_from([True, True, True, False]),
        day0=st.none() | st.integers(0, 14),
        doses=st.lists(st.sampled_from([Given.YES, Given.YES, *Given]), max_size=3),
    )
    def enroll(self, randomized: date, steroids: bool, day0: int | None, doses: list[Given]) -> None:
        """Enroll a participant who may have come some way already."""
        today = randomized + timedelta(days=day0 or 0)
        rules = Rules(protocol=registered_protocol(), site=example_site("gainesville"), today=today)
        self.story, self.last_given, self.target_days = Story(rules=rules), None, {}
        self.story.do(
            ask.Enroll(participant=P001, randomized=randomized, steroids=steroids, day0=None if day0 is None else today)
        )
        self.remember_targets()
        for given in doses:
            self.come_as_far_as_the_next_infusion(given)

    def come_as_far_as_the_next_infusion(self, given: Given) -> None:
        outstanding = [visit.code for visit in self.state.in_order if not visit.is_closed]
        for code in outstanding:
            visit = self.state.visits[code]
            self.record_as_planned(visit, given)
            if visit.kind is Kind.INFUSION:
                return

    def record_as_planned(self, visit: VisitState, given: Given) -> None:
        if visit.dates.day:
            self.story.rules = replace(self.story.rules, today=max(self.today, visit.dates.day))
            dose = given if visit.kind is Kind.INFUSION else None
            self.ask(ask.RecordDone(code=visit.code, day=visit.dates.day, given=dose))

    @property
    def state(self) -> Participant:
        return self.story.state

    @property
    def today(self) -> date:
        return self.story.rules.today

    def a_visit(self, number: int) -> VisitState:
        """Return a visit; the smaller the number, the likelier an outstanding one, the earliest first."""
        outstanding = [visit for visit in self.state.in_order if not visit.is_closed]
        others = [visit for visit in self.state.in_order if visit.is_closed]
        return [*outstanding, *others][number % len(self.state.visits)]

    def ask(self, command: Command) -> None:
        before, shown = self.state, repr(self.state)
        refused: tuple[Problem, ...] = ()
        try:
            self.story.do(command)
        except Refused as error:
            refused = error.problems
        if refused:
            assert all(problem.wrong and problem.remedy for problem in refused)
            assert all(isinstance(text, Said) for problem in refused for text in (problem.wrong, problem.remedy))
            assert self.state is before
        assert repr(before) == shown
        if self.state is not before:
            if isinstance(command, ask.CorrectVisit) and self.last_given:
                self.last_given = self.last_dose() or self.last_given
            self.compare(before, command)
            self.remember_targets()

    def remember_targets(self) -> None:
        for visit in self.state.visits.values():
            if visit.is_closed:
                self.target_days.setdefault(visit.code, visit.dates.target)
            else:
                self.target_days.pop(visit.code, None)

    def compare(self, before: Participant, command: Command) -> None:
        named = getattr(command, "code", None)
        for old in before.visits.values():
            new = self.state.visits[old.code]
            assert 0 <= new.revision - old.revision <= 1
            assert new.changed >= old.changed
            if old.is_closed and not isinstance(command, OPENS_AGAIN):
                assert replace(new, to_tell=old.to_tell) == old
            if old.is_closed and named != old.code and isinstance(command, ask.CorrectVisit):
                assert new == old
            if old.is_promised and new.is_promised and named != old.code:
                assert (new.dates.day, new.start, new.end, new.status) == (
                    old.dates.day, old.start, old.end, old.status,
                )  # fmt: skip
            if named == old.code and isinstance(command, ask.Book | ask.Move | ask.RecordDone | ask.RecordMissed):
                window = old.dates.target, old.dates.earliest, old.dates.latest
                assert (new.dates.target, new.dates.earliest, new.dates.latest) == window

    @rule(days=st.sampled_from([0, 1, 3, 7, 14, 30, 45]))
    def wait(self, days: int) -> None:
        self.story.rules = replace(self.story.rules, today=self.today + timedelta(days=days))

    @rule()
    def wait_for_the_next_visit(self) -> None:
        ahead = [visit.dates.day for visit in self.state.outstanding if visit.dates.day]
        self.story.rules = replace(self.story.rules, today=max(self.today, min(ahead, default=self.today)))

    @rule(number=st.integers(0, 30), days=st.integers(-9, 12), deviation=st.sampled_from(["", "", "snow"]))
    def book(self, number: int, days: int, deviation: str) -> None:
        visit = self.a_visit(number)
        day = visit.dates.target + timedelta(days=days)
        self.ask(ask.Book(code=visit.code, day=day, deviation=deviation))

    @rule(number=st.integers(0, 5))
    def book_as_planned(self, number: int) -> None:
        visit = self.a_visit(number)
        self.ask(ask.Book(code=visit.code, day=visit.dates.day or self.today))

    @rule(number=st.integers(0, 30), days=st.integers(-30, 30), deviation=st.sampled_from(["", "", "snow"]))
    def move(self, number: int, days: int, deviation: str) -> None:
        visit = self.a_visit(number)
        day = visit.dates.target + timedelta(days=days)
        self.ask(ask.Move(code=visit.code, day=day, reason="asked", deviation=deviation))

    @rule(days=st.integers(-30, 30))
    def move_the_infusion_that_counts_from_another(self, days: int) -> None:
        visit = self.state.visits[VisitCode("M7")]
        day = visit.dates.target + timedelta(days=days)
        self.ask(ask.Move(code=visit.code, day=day, reason="asked", deviation="snow"))

    @rule(number=st.integers(0, 8))
    def confirm(self, number: int) -> None:
        booked = [visit for visit in self.state.in_order if visit.status is Status.BOOKED]
        visit = booked[number % len(booked)] if booked else self.a_visit(number)
        self.ask(ask.Confirm(code=visit.code))

    @rule(
        number=st.integers(0, 4),
        back=st.sampled_from([0, 0, 1, 5]),
        given=st.sampled_from([Given.YES, Given.YES, Given.NO, Given.PARTIAL, None]),
        deviation=st.sampled_from(["", "late"]),
        where=st.sampled_from(Where),
    )
    def record_done(self, number: int, back: int, given: Given | None, deviation: str, where: Where) -> None:
        visit = self.a_visit(number)
        day = self.today - timedelta(days=back)
        self.ask(ask.RecordDone(code=visit.code, day=day, given=given, deviation=deviation, where=where))

    @rule(given=st.sampled_from([Given.YES, Given.YES, Given.YES, Given.NO, Given.PARTIAL]))
    def record_the_next_as_it_should_be(self, given: Given) -> None:
        self.record_as_planned(self.a_visit(0), given)

    @rule(number=st.integers(0, 6), reason=st.sampled_from(["ill", " "]))
    def miss(self, number: int, reason: str) -> None:
        self.ask(ask.RecordMissed(code=self.a_visit(number).code, reason=reason))

    @rule(number=st.integers(0, 8))
    def miss_or_cancel_a_promise(self, number: int) -> None:
        promised = [visit for visit in self.state.in_order if visit.is_promised and visit.dates.day]
        if promised:
            visit = promised[number % len(promised)]
            if visit.dates.day and visit.dates.day <= self.today:
                self.ask(ask.RecordMissed(code=visit.code, reason="ill"))
            else:
                self.ask(ask.Cancel(code=visit.code, reason="ill"))

    @rule(days=st.sampled_from([-2, -1, 1, 2]), number=st.integers(0, 4))
    def book_beside_the_window(self, days: int, number: int) -> None:
        visit = self.a_visit(number)
        day = (visit.dates.earliest if days < 0 else visit.dates.latest) + timedelta(days=days)
        self.ask(ask.Book(code=visit.code, day=day, deviation="snow"))

    @rule()
    def miss_the_next(self) -> None:
        visit = self.a_visit(0)
        self.story.rules = replace(
            self.story.rules, today=max(self.today, visit.dates.latest, visit.dates.day or self.today)
        )
        self.ask(ask.RecordMissed(code=visit.code, reason="ill"))

    @rule(number=st.integers(0, 30))
    def cancel(self, number: int) -> None:
        self.ask(ask.Cancel(code=self.a_visit(number).code, reason="not needed"))

    @rule(days=st.integers(-20, 40), kind=st.sampled_from(Kind))
    def add_unscheduled(self, days: int, kind: Kind) -> None:
        self.ask(ask.AddUnscheduled(day=self.today + timedelta(days=days), kind=kind, reason="rash"))

    @rule(days=st.integers(-5, 60), length=st.integers(-1, 30))
    def go_away(self, days: int, length: int) -> None:
        first = self.today + timedelta(days=days)
        self.ask(ask.SetAway(first=first, last=first + timedelta(days=length)))

    @rule(weekdays=st.sets(st.sampled_from(Weekday)), hour=st.none() | st.integers(0, 23))
    def prefer(self, weekdays: set[Weekday], hour: int | None) -> None:
        wish = Preference(
            weekdays=tuple(one for one in Weekday if one in weekdays),
            not_before=None if hour is None else time(hour),
        )
        visits = self.state.visits
        self.ask(ask.Prefer(preference=wish))
        assert self.state.visits == visits, "a wish changes no date"

    @rule()
    def stay_after_all(self) -> None:
        away = self.state.away
        first, last = (away[0].first, away[0].last) if away else (self.today, self.today)
        self.ask(ask.RemoveAway(first=first, last=last))

    @rule(hold=st.booleans())
    def hold_or_resume_taper(self, hold: bool) -> None:
        self.ask(ask.HoldTaper(reason="flare") if hold else ask.ResumeTaper(reason="over"))

    @rule(hold=st.booleans(), scope=st.sampled_from(Scope))
    def hold_or_resume_infusions(self, hold: bool, scope: Scope) -> None:
        kind = ask.HoldInfusions if hold else ask.ResumeInfusions
        self.ask(kind(scope=scope, reason="safety review"))

    @rule()
    def stop_infusions(self) -> None:
        before = self.state
        self.ask(ask.StopInfusions(reason="adverse event"))
        if self.state is not before:
            self.last_given = self.last_dose()

    def last_dose(self) -> VisitCode | None:
        doses = [
            (visit.dates.target, visit.code)
            for visit in self.state.visits.values()
            if visit.kind is Kind.INFUSION and visit.given in (Given.YES, Given.PARTIAL)
        ]
        return max(doses)[1] if doses else None

    @precondition(lambda self: len(self.story.log) > 12)
    @rule(standing=st.sampled_from([Standing.ACTIVE, *ENDS]), back=st.integers(-1, 30))
    def end(self, standing: Standing, back: int) -> None:
        if standing is not Standing.ACTIVE:
            self.ask(ask.EndParticipation(standing=standing, day=self.today - timedelta(days=back), reason="asked"))

    @precondition(lambda self: self.state.standing is not Standing.ACTIVE or self.last_given)
    @rule()
    def reinstate(self) -> None:
        before = self.state
        self.ask(ask.Reinstate(reason="a mistake"))
        if self.state is not before and before.standing is Standing.ACTIVE:
            self.last_given = None

    def a_closed_visit(self, number: int) -> VisitState:
        closed_ones = [visit for visit in self.state.in_order if visit.is_closed]
        return closed_ones[number % len(closed_ones)] if closed_ones else self.a_visit(number)

    @rule(number=st.integers(0, 30), status=st.sampled_from(Status))
    def correct_what_became_of_it(self, number: int, status: Status) -> None:
        code = self.a_closed_visit(number).code
        self.ask(ask.CorrectVisit(code=code, status=status, reason="typed wrongly"))

    @rule(number=st.integers(0, 30))
    def open_again(self, number: int) -> None:
        code = self.a_closed_visit(number).code
        self.ask(ask.CorrectVisit(code=code, status=Status.PLANNED, reason="typed wrongly"))

    @rule(
        number=st.integers(0, 30),
        days=st.none() | st.integers(-5, 2),
        given=st.none() | st.sampled_from(Given),
        deviation=st.sampled_from(["", "late"]),
    )
    def correct_day_and_dose(self, number: int, days: int | None, given: Given | None, deviation: str) -> None:
        visit = self.a_closed_visit(number)
        day = min(self.today, (visit.dates.day or visit.dates.target) + timedelta(days=days or 0))
        self.ask(
            ask.CorrectVisit(
                code=visit.code,
                status=Status.DONE,
                day=None if days is None else day,
                given=given if visit.kind is Kind.INFUSION else None,
                deviation=deviation,
                reason="typed wrongly",
            )
        )

    @rule(steroids=st.sampled_from([None, True, False]), days=st.integers(-10, 3), lang=st.sampled_from([None, "es"]))
    def correct_participant(self, steroids: bool | None, days: int, lang: str | None) -> None:
        randomized = self.state.randomized + timedelta(days=days) if days else None
        self.ask(ask.CorrectParticipant(randomized=randomized, steroids=steroids, lang=lang, reason="typed wrongly"))

    @precondition(lambda self: self.state.protocol_version != "2")
    @rule(days=st.sampled_from([0, 30]))
    def amend(self, days: int) -> None:
        protocol = amended_protocol()
        self.story.rules = replace(self.story.rules, protocol=protocol, today=self.today + timedelta(days=days))
        self.ask(ask.Amend(reason="amendment 1"))
        assert self.state.protocol_version == "2"

    @rule(days=st.integers(0, 60), length=st.integers(0, 20))
    def close_the_site(self, days: int, length: int) -> None:
        first = self.today + timedelta(days=days)
        site = replace(self.story.rules.site, closures=(closed(first, first + timedelta(days=length)),))
        self.story.rules = replace(self.story.rules, site=site)
        self.ask(ask.Replan())

    @rule(number=st.integers(0, 30))
    def try_to_call(self, number: int) -> None:
        self.ask(ask.LogAttempt(code=self.a_visit(number).code))

    @rule(audience=st.sampled_from(Audience))
    def tell(self, audience: Audience) -> None:
        self.ask(ask.RecordTold(audience=audience, who="coordinator", how="phone"))
        assert not self.story.waiting(audience)

    @rule(number=st.integers(0, 30))
    def nothing_is_a_dead_end(self, number: int) -> None:
        """What is outstanding can be taken off; what is closed can be opened, here or by taking an end back."""
        visit = self.a_visit(number)
        way_out: Command = ask.Cancel(code=visit.code, reason="x")
        if visit.is_closed:
            way_out = ask.CorrectVisit(code=visit.code, status=Status.PLANNED, reason="x")
        if visit.code == TAPER and not self.state.steroids:
            way_out = ask.CorrectParticipant(steroids=True, reason="x")
        if self.state.standing is not Standing.ACTIVE or visit.stopped:
            way_out = ask.Reinstate(reason="x")
        assert decide(self.state, way_out, self.story.rules)

    @invariant()
    def nothing_is_left_to_follow(self) -> None:
        assert decide(self.state, ask.Replan(), self.story.rules) == ()

    @invariant()
    def windows_lie_around_targets_that_count_from_what_happened(self) -> None:
        steps = self.story.rules.steps
        final = [step.code for step in steps.values() if step.kind is Kind.INFUSION][-1]
        for visit in self.state.outstanding:
            if visit.unscheduled or visit.code not in steps:
                continue
            step = steps[visit.code]
            is_long = self.state.stopped_after is not None and step.anchor == final
            counts_from = self.last_given if is_long or visit.code in self.state.anchors else step.anchor
            start = self.state.randomized if counts_from == "randomization" else self.day_of(counts_from)
            assert visit.dates.target == step.offset.after(start), visit.code
            assert visit.dates.earliest == visit.dates.target - timedelta(days=step.window.before)
            assert visit.dates.latest == visit.dates.target + timedelta(days=step.window.after)

    def day_of(self, code: VisitCode | None) -> date:
        """Return the day from which what follows a visit counts, in the model's own words."""
        assert code is not None
        visit = self.state.visits[code]
        if visit.is_closed:
            happened = visit.status is Status.DONE
            counts = happened and (visit.kind is not Kind.INFUSION or visit.given is not Given.NO)
            return visit.dates.day if counts and visit.dates.day else self.target_days[code]
        return visit.dates.day or visit.dates.target

    @invariant()
    def the_taper_is_held_unless_its_infusion_was_fully_given(self) -> None:
        taper = self.state.visits.get(TAPER)
        infusion = self.state.visits[VisitCode("M3")]
        if taper and not taper.is_closed and self.state.steroids:
            full = infusion.status is Status.DONE and infusion.given is Given.YES
            waits = not full if infusion.is_closed else bool(self.state.holds)
            is_held = self.state.taper_held or waits
            assert (taper.status is Status.HELD) == is_held

    @invariant()
    def those_off_steroids_have_no_taper(self) -> None:
        taper = self.state.visits.get(TAPER)
        assert self.state.steroids or taper is None or taper.is_closed

    @invariant()
    def no_two_infusions_are_too_close_unless_somebody_answered_or_is_asked_to(self) -> None:
        asked = {one.code for one in to_rebook(self.state, self.story.rules)}
        infusions = [
            visit
            for visit in self.state.visits.values()
            if visit.kind is Kind.INFUSION
            and (visit.is_promised or (visit.status is Status.DONE and visit.given is not Given.NO))
        ]
        for one in infusions:
            for other in infusions:
                if one.code < other.code and one.dates.day and other.dates.day:
                    is_far = abs((one.dates.day - other.dates.day).days) >= 21
                    answered = any(
                        visit.deviation or visit.code in asked or (visit.is_promised and visit.dates.day < self.today)
                        for visit in (one, other)
                        if visit.dates.day
                    )
                    assert is_far or answered

    @invariant()
    def a_deviation_stands_where_a_visit_was_taken_outside_its_window(self) -> None:
        for visit in self.state.visits.values():
            day = visit.dates.day
            if visit.status is Status.DONE and day and visit.kind is not Kind.MILESTONE and not visit.unscheduled:
                inside = visit.dates.earliest <= day <= visit.dates.latest
                assert inside or (visit.deviation and visit.deviation.reason and visit.deviation.day == day)
            if visit.status in (Status.PLANNED, Status.HELD, Status.MISSED, Status.CANCELLED):
                assert visit.deviation is None

    @invariant()
    def a_time_belongs_to_its_day(self) -> None:
        for visit in self.state.visits.values():
            assert visit.start is None or visit.start.date() == visit.dates.day
            assert (visit.start is not None) or not visit.is_promised
            assert visit.status is not Status.DONE or visit.dates.day is not None

    @invariant()
    def no_infusion_is_promised_during_a_hold(self) -> None:
        for visit in self.state.outstanding:
            if visit.kind is Kind.INFUSION:
                assert (visit.status is Status.HELD) == bool(self.state.holds)

    @invariant()
    def after_the_end_nothing_is_outstanding(self) -> None:
        if self.state.standing is not Standing.ACTIVE:
            assert not list(self.state.outstanding)
        if self.state.standing is Standing.DIED:
            assert not self.story.waiting(Audience.PARTICIPANT)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            log = self.story.log
            for cut in {0, len(log) // 3, len(log) // 2, len(log)}:
                state = replay(log[:cut])
                for event, at in log[cut:]:
                    state = evolve(state, event, at)
                assert state == self.state


TestRecords = Records.TestCase
TestRecords.settings = settings(max_examples=100, stateful_step_count=25)
