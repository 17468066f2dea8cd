"""What an amendment adds for somebody whose infusions were stopped counts from the last dose that was given."""

from dataclasses import replace

from builders import registered_protocol
from story import Story, a_story, done

from schedule.participant import commands as ask
from schedule.study.offsets import Offset
from schedule.study.protocol import Kind, Label, Protocol, VisitCode, Window


def next_version(*calls: tuple[str, str, str]) -> Protocol:
    """Return the protocol with more calls: their code, the infusion that they count from, and the distance."""
    protocol = registered_protocol()
    call = next(one for one in protocol.visits if one.code == "M18")
    added = tuple(
        replace(call, code=VisitCode(code), anchor=VisitCode(anchor), offset=Offset.parse(offset))
        for code, anchor, offset in calls
    )
    study = replace(protocol.study, version=Label("amendment 1"))
    return replace(protocol, study=study, visits=(*protocol.visits, *added))


def stopped_then(protocol: Protocol) -> Story:
    """Return somebody whose second infusion, on 2 June, was the last, and whose protocol is amended in July."""
    story = a_story(day0="2026-03-02")
    story.day("2026-06-02").do(done("M3", "2026-06-02", "yes"))
    story.day("2026-06-20").do(ask.StopInfusions(reason="the study doctor decides"))
    story.rules = replace(story.rules, protocol=protocol)
    story.day("2026-07-01").do(ask.Amend(reason="amendment 1"))
    return story


def test_a_long_follow_up_counts_from_the_last_dose() -> None:
    story = stopped_then(next_version(("M17", "M13", "P4M")))
    assert str(story["M17"].dates.target) == "2026-10-02"
    story.day("2026-07-02").do(ask.SetAway(first=story.rules.today, last=story.rules.today))
    assert str(story["M17"].dates.target) == "2026-10-02"
    assert str(story["M18"].dates.target) == "2026-11-02"


def test_what_counts_from_an_infusion_that_is_not_given_is_not_planned() -> None:
    story = stopped_then(next_version(("X1", "M10", "P6W"), ("X2", "M3", "P6W")))
    assert "X1" not in story.state.visits
    assert str(story["X2"].dates.target) == "2026-07-14"


def test_what_the_last_dose_has_of_its_own_is_not_planned_twice() -> None:
    story = stopped_then(next_version(("M14b", "M13", "P1M")))
    assert "M14b" not in story.state.visits


def test_infusions_stay_stopped() -> None:
    story = stopped_then(next_version())
    assert [one.code for one in story.state.outstanding if one.kind is Kind.INFUSION] == []


def test_what_is_not_planned_decides_no_day_of_what_is() -> None:
    """M16 is due on 2 September 2026. The infusion that would count from it is not given, and draws it nowhere."""
    protocol = next_version(("M17", "M13", "P4M"))
    infusion = next(one for one in protocol.visits if one.code == "M3")
    drawn = replace(
        infusion, code=VisitCode("X1"), anchor=VisitCode("M16"), offset=Offset(days=3), window=Window(before=0, after=0)
    )
    story = stopped_then(replace(protocol, visits=(*protocol.visits, drawn)))

    assert "X1" not in story.state.visits
    assert story.planned("M16") == "2026-09-02"  # with X1 it would be the 1st: the 5th is a Saturday
