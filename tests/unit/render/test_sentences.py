"""Reasons and notices in plain sentences."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from builders import NO_LATER_DAY_0, a_plan, a_site, closed, example_site, other_protocol

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
    TaperPrescribedEarly,
    TaperStartsHigh,
)
from schedule.planning.placing import TooClose
from schedule.render.language import language
from schedule.render.sentences import because, names_of, say_burden, say_notice, unplaced_reasons
from schedule.sites import ClosedWeekday, HolidayCalendar, Site, Weekday
from schedule.study.protocol import Basis, Protocol, Text, VisitCode

ENGLISH, SPANISH = language("en"), language("es")
DAY_0 = Text(en="Day 0", es="Día 0")
MONTH_3 = Text(en="Month 3", es="Mes 3")
HURRICANE = closed(date(2026, 5, 30), date(2026, 6, 9))


def said(code: str, day: str = "2026-03-02", site: Site | None = None, *, lang: str = "en", day0: str = "") -> str:
    fixed = date.fromisoformat(day0) if day0 else None
    staff = a_plan(site=site, randomized=date.fromisoformat(day), day0=fixed).staff
    visits = {str(visit.code): visit for visit in staff.visits}
    return "\n".join(because(visits[code], names_of(staff), language(lang)))


@pytest.mark.parametrize(
    ("code", "day", "sentence"),
    [
        ("M6", "2026-03-02", "Month 6 counts from Day 0: 2 March + 6 months = Wed 2 September"),
        ("M10", "2026-03-02", "Month 10 counts from Day 0: 2 March 2026 + 10 months = Sat 2 January 2027"),
        ("M7", "2026-03-02", "Month 7 counts from Month 6: 2 September + 1 month = Fri 2 October"),
        ("TAPER", "2026-03-02", "counts from Month 3: 2 June + 14 days = Tue 16 June"),
        ("D0", "2026-03-02", "Day 0 is the day of randomization: Mon 2 March 2026"),
        ("M1", "2026-01-31", "31 January + 1 month = Sat 28 February (the last day of its month)"),
        ("M6", "2027-08-31", "31 August 2027 + 6 months = Tue 29 February 2028 (the last day of its month)"),
    ],
)
def test_a_target_is_explained_by_its_sum(code: str, day: str, sentence: str) -> None:
    first, *_ = said(code, day).splitlines()

    assert first.endswith(sentence)


def test_a_sum_that_was_not_clipped_says_nothing_of_the_end_of_a_month() -> None:
    assert "last day" not in said("M3", "2026-01-30")  # 30 April


@pytest.mark.parametrize(
    ("code", "day", "sentence"),
    [
        ("M6", "2026-03-05", "moved from Sat 5 to Fri 4: the clinic is closed on Saturdays; 8 days of slack left"),
        ("M7", "2026-03-05", "moved from Sun 4 to Mon 5: the clinic is closed on Sundays; 6 days of slack left"),
        ("M4", "2026-04-01", "moved from Sat 1 August to Fri 31 July: the clinic is closed on Saturdays; 8 days"),
    ],
)
def test_a_move_is_explained_by_its_reason_and_slack(code: str, day: str, sentence: str) -> None:
    assert sentence in said(code, day, a_site())


def test_a_move_over_new_year_names_both_years() -> None:
    site = a_site(closures=[closed(date(2026, 12, 31), date(2027, 1, 1)), closed(date(2027, 1, 4), date(2027, 1, 9))])

    assert "moved from Sat 2 January 2027 to Wed 30 December 2026:" in said("M10", "2026-03-02", site)


def test_every_nearer_day_that_was_refused_has_its_reason() -> None:
    site = a_site(holidays=HolidayCalendar(country="US"))

    sentences = said("M10", "2026-03-02", site)  # a Saturday, the day after New Year

    assert "moved from Sat 2 to Mon 4: the clinic is closed on Saturdays" in sentences
    assert "Fri 1 January: the clinic is closed for a holiday (New Year's Day)" in sentences
    assert "Sun 3 January: the clinic is closed on Sundays" in sentences
    others = "Month 11 and Month 12 would be farther from their targets or without a day"
    assert f"why Mon 4, and not a free day as near or nearer: Thu 31 December: {others}" in sentences


def test_a_free_day_that_was_not_taken_is_told_from_one_on_which_the_clinic_is_closed() -> None:
    sentences = said("M13", "2026-11-25", example_site("gainesville")).splitlines()

    moved = sentences.index(
        "moved from Sat 25 to Wed 22: the clinic is closed on Saturdays; 10 days of slack left"  # Christmas Day
    )
    worse = "would be farther from their targets or without a day"
    assert sentences[moved + 1 : moved + 3] == [
        "why Wed 22, and not a free day as near or nearer: "
        f"Thu 23 December: Month 22, Month 24 and Month 25 {worse}; "
        f"Mon 27 December: Month 15, Month 18 and Month 21 {worse}",
        "nearer days that were not taken: Fri 24 December: the clinic is closed for a holiday "
        "(Christmas Day, observed); Sun 26 December: the clinic is closed on Sundays",
    ]


def test_where_no_nearer_day_was_free_nothing_is_said_of_free_ones() -> None:
    sentences = said("M7", "2026-03-05", a_site())

    assert "nearer days that were not taken: Sat 3 October: the clinic is closed on Saturdays" in sentences
    assert "free day" not in sentences


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "Wed 7 to Fri 9: Month 1, Month 2, Month 5 and 5 more would be farther from their targets"),
        ("es", "Mes 1, Mes 2, Mes 5 y 5 más quedarían más lejos de su fecha objetivo"),
    ],
)
def test_of_many_visits_three_are_named_and_the_rest_counted(lang: str, sentence: str) -> None:
    assert sentence in said("D0", "2026-01-07", example_site("gainesville"), lang=lang)


def test_a_free_day_is_said_to_be_free_in_spanish_too() -> None:
    sentences = said("M13", "2026-11-25", example_site("gainesville"), lang="es")

    assert "por qué mié 22 y no un día disponible igual de cercano o más: jue 23 de diciembre: Mes 22" in sentences
    assert "días más cercanos que no se eligieron: vie 24 de diciembre" in sentences


def test_an_observed_holiday_is_said_to_be_one() -> None:
    sentences = said("M4", "2026-03-03", a_site(holidays=HolidayCalendar(country="US")))  # Friday 3 July

    assert "Independence Day" in sentences
    assert "observed" in sentences


def test_a_day_kept_on_its_target_is_not_said_to_move() -> None:
    assert "moved" not in said("M6", "2026-03-02", a_site())


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (
            said("M7", "2026-03-05", a_site()),
            "the planned day of Month 6 counts, Fri 4 September, not its target, Sat 5",
        ),
        (said("M1", day0="2026-03-09"), "the actual day of Day 0 counts, Mon 9 March, not its target, Mon 2 March"),
        (said("M4", site=a_site(closures=[NO_LATER_DAY_0, HURRICANE])), "no day fits Month 3, so its target counts"),
    ],
)
def test_the_day_of_an_anchor_is_said_where_it_is_not_its_target(sentences: str, expected: str) -> None:
    assert expected in sentences


def test_an_anchor_on_its_target_needs_no_words() -> None:
    assert "not its target" not in said("M7", "2026-03-02", a_site())


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("M3", "window, length"),
        ("M1", "anchor, offset, window, length"),
        ("D0", "anchor, window, length"),
        ("M25", "window, length"),
    ],
)
def test_what_is_assumed_is_said(code: str, parts: str) -> None:
    assert said(code).splitlines()[-1] == f"assumed, not registered: {parts}"


def test_what_is_registered_throughout_is_not_said_to_be_assumed() -> None:
    staff = a_plan(protocol=other_protocol(), steroids=None).staff
    week4 = next(visit for visit in staff.visits if visit.code == "W4")

    assert because(week4, names_of(staff), ENGLISH) == ["Week 4 counts from Week 0: 2 March + 4 weeks = Mon 30 March"]


def reasons(protocol: Protocol | None = None, *, lang: str = "en", code: str = "M3", site: Site) -> list[str]:
    staff = a_plan(site=site, protocol=protocol, steroids=None if protocol else True).staff
    visit = next(visit for visit in staff.visits if visit.code == code)
    return unplaced_reasons(visit, names_of(staff), language(lang))


def test_a_visit_without_a_day_has_a_reason_for_each_day_of_its_window() -> None:
    assert reasons(site=a_site(closures=[NO_LATER_DAY_0, HURRICANE])) == [
        "Sat 30 May: the clinic is closed on Saturdays",
        "Sun 31 May: the clinic is closed on Sundays",
        "Mon 1 June: the clinic is closed (hurricane)",
        "Tue 2 June: the clinic is closed (hurricane)",
        "Wed 3 June: the clinic is closed (hurricane)",
        "Thu 4 June: the clinic is closed (hurricane)",
        "Fri 5 June: the clinic is closed (hurricane)",
        "Sat 6 June: the clinic is closed on Saturdays",
        "Sun 7 June: the clinic is closed on Sundays",
        "Mon 8 June: the clinic is closed (hurricane)",
        "Tue 9 June: the clinic is closed (hurricane)",
    ]


def test_reasons_are_said_in_spanish_too() -> None:
    first, *_, last = reasons(site=a_site(closures=[NO_LATER_DAY_0, HURRICANE]), lang="es")

    assert first.startswith("sáb 30 de mayo: ")
    assert "huracán" in last


def test_an_infusion_too_close_to_another_is_said_with_the_distance() -> None:
    protocol = replace(other_protocol(), spacing=(replace(other_protocol().spacing[0], at_least=30),))
    site = a_site(weekdays=tuple(Weekday), closures=[NO_LATER_DAY_0, closed(date(2026, 4, 1), date(2026, 4, 1))])

    assert reasons(protocol, code="W4", site=site)[0] == (
        "Sat 28 March: 26 days from Week 0 on Mon 2 March, and 30 are required"
    )


def test_a_visit_that_has_a_day_has_no_reasons_for_having_none() -> None:
    assert reasons(site=a_site(), code="M6") == []


def test_a_visit_without_a_day_says_so_among_its_reasons() -> None:
    assert "no day" in said("M3", "2026-03-02", a_site(closures=[NO_LATER_DAY_0, HURRICANE]))


def test_the_burden_is_said_in_figures() -> None:
    words = "\n".join(say_burden(a_plan().staff.burden, ENGLISH))

    for figure in ("23 contacts: 15 at the clinic, 8 by", "57 h 30 min", "7 h 30 min (D0, M7)", "11 days (M2, M3,"):
        assert figure in words


EVERY_NOTICE: list[tuple[Notice, list[str]]] = [
    (
        FixedOnClosedDay(visit=DAY_0, day=date(2026, 3, 7), why=ClosedWeekday(weekday=Weekday.SATURDAY)),
        ["Sat 7 March 2026", "Saturdays"],
    ),
    (
        FixedOutsideWindow(visit=DAY_0, day=date(2026, 3, 17), earliest=date(2026, 3, 2), latest=date(2026, 3, 16)),
        ["Tue 17 March 2026", "Mon 2 March", "Mon 16 March 2026", "deviation"],
    ),
    (
        EndsAfterCompletion(visit=VisitCode("M25"), day=date(2029, 9, 1), completion=date(2029, 8, 31)),
        ["M25", "1 September 2029", "31 August 2029"],
    ),
    (
        FixedTooClose(
            visit=MONTH_3,
            day=date(2026, 3, 20),
            other=DAY_0,
            why=TooClose(to=VisitCode("D0"), on=date(2026, 3, 3), days_apart=17, at_least=21, basis=Basis.ASSUMED),
        ),
        ["Month 3 is fixed on Fri 20 March 2026", "17 days from Day 0 on Tue 3 March", "21 are required (assumed)"],
    ),
    (
        TaperStartsHigh(dose_mg=Decimal("27.50"), highest_mg=Decimal(25), basis=Basis.REGISTERED),
        ["27.5 mg a day", "registered", "25 mg"],
    ),
    (
        TaperStartsHigh(dose_mg=Decimal(30), highest_mg=Decimal(20), basis=Basis.ASSUMED),
        ["30 mg a day", "20 mg (assumed)"],
    ),
    (TaperDatesWait(visit=MONTH_3), ["without its dates", "--infusion2-given", "Month 3"]),
    (
        TaperPrescribedEarly(first_day=date(2026, 6, 16), may_start=date(2026, 6, 18)),
        ["without its dates", "from Tue 16 June 2026 on", "may start on Thu 18 June 2026"],
    ),
    (CannotBePlaced(visits=(VisitCode("M3"), VisitCode("M4"))), ["M3, M4"]),
    (SiteLeavesBlank(keys=("contact.phone", "contact.address")), ["contact.phone, contact.address"]),
    (SiteHasExamples(keys=("open", "arrival")), ["open, arrival"]),
    (SiteHasNoHolidays(), ["holidays"]),
    (NotConfirmed(version="v7", day=date(2026, 3, 2)), ["SAMPLE", "[confirmed]", "v7"]),
    (EndsAfterClosing(visits=(VisitCode("D0"), VisitCode("M7"))), ["D0, M7"]),
]


@pytest.mark.parametrize(("notice", "facts"), EVERY_NOTICE, ids=lambda one: type(one).__name__)
def test_a_notice_is_said_with_its_facts_in_both_languages(notice: Notice, facts: list[str]) -> None:
    english, spanish = say_notice(notice, ENGLISH), say_notice(notice, SPANISH)

    assert [fact for fact in facts if fact not in english] == []
    assert spanish
    assert spanish != english


def test_every_kind_of_notice_was_tried() -> None:
    assert {type(notice) for notice, _ in EVERY_NOTICE} == set(Notice.__args__)


@pytest.mark.parametrize("name", ["gainesville", "miami"])
def test_no_sentence_of_a_whole_schedule_has_a_gap_or_a_brace(name: str) -> None:
    for lang in ("en", "es"):
        staff = a_plan(site=example_site(name), booked=True).staff
        sentences = [line for visit in staff.visits for line in because(visit, names_of(staff), language(lang))]
        assert not [line for line in sentences if not line.strip() or "{" in line or "None" in line]
