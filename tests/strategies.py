"""Hypothesis strategies that several tests share."""

from dataclasses import replace
from datetime import date, time, timedelta

from builders import ALL_DAY, closed
from hypothesis import strategies as st

from schedule.sites import Closure, HolidayCalendar, Site, SiteId, Weekday
from schedule.study.protocol import Kind, Label

days = st.dates(min_value=date(2024, 1, 1), max_value=date(2036, 12, 31))

month_ends = st.builds(
    lambda year, month: date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1),
    st.integers(2024, 2036),
    st.integers(1, 12),
)

randomization_days = st.one_of(days, month_ends, st.sampled_from([date(2024, 2, 29), date(2028, 2, 29)]))

kinds = st.sampled_from([Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL])


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    """Draw a closure of up to four weeks, for some kinds of visit."""
    first = draw(days)
    return closed(first, first + timedelta(days=draw(st.integers(0, 28))), *draw(st.sets(kinds)))


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Draw any site calendar: at least one open weekday, perhaps federal holidays, any closures."""
    weekdays = draw(st.sets(st.sampled_from(list(Weekday)), min_size=1))
    return Site(
        id=SiteId("any"),
        name=Label("Any clinic"),
        time_zone="America/New_York",
        open={weekday: ALL_DAY for weekday in Weekday if weekday in weekdays},
        holidays=draw(st.sampled_from([None, HolidayCalendar(country="US")])),
        closures=tuple(draw(st.lists(closures(), max_size=12))),
        arrival={kind: time(9, 0) for kind in (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)},
    )


@st.composite
def busy_sites(draw: st.DrawFn, first: date) -> Site:
    """Draw a site whose closures fall on the two years after a day, where they meet many windows."""
    site = draw(sites())
    starts = draw(st.lists(st.integers(-3, 780), min_size=6, max_size=18))
    lengths = st.sampled_from([0, 1, 2, 5, 11, 16, 31, 60])
    found = [
        closed(start, start + timedelta(days=draw(lengths)), *draw(st.sets(kinds)))
        for start in (first + timedelta(days=days) for days in starts)
    ]
    return replace(site, closures=tuple(found))


participations = randomization_days.flatmap(lambda day: st.tuples(st.just(day), busy_sites(day)))
"""A day of randomization, and a site that is often closed in the two years after it."""
