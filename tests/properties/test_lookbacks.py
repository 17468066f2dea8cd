"""What holds for look-backs from any day."""

import calendar
from dataclasses import replace
from datetime import date, timedelta

from builders import registered_protocol
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import randomization_days

from schedule.planning.lookback import look_back
from schedule.study.offsets import Offset
from schedule.study.protocol import LookbackRule


@given(randomization_days, st.integers(0, 60), st.integers(1, 200))
def test_a_rule_in_weeks_reaches_back_by_exactly_so_many(screening: date, later: int, weeks: int) -> None:
    protocol = registered_protocol()
    lookbacks = tuple(replace(one, within=Offset(weeks=weeks)) for one in protocol.lookbacks if one.within)

    looked = look_back(
        replace(protocol, lookbacks=lookbacks), screening=screening, randomization=screening + timedelta(days=later)
    )

    assert len(looked.lookbacks) == 10
    for one in looked.lookbacks:
        assert one.first_day is not None
        not_less = one.lookback.rule is LookbackRule.IF_WITHIN
        assert (one.counted_from - one.first_day).days == 7 * weeks - not_less


@given(randomization_days, st.integers(0, 400), st.integers(0, 400))
def test_weeks_and_days_forth_and_back_lead_to_the_same_day(day: date, weeks: int, days: int) -> None:
    offset = Offset(weeks=weeks, days=days)

    assert offset.before(offset.after(day)) == day == offset.after(offset.before(day))


@given(randomization_days, st.integers(0, 20), st.integers(0, 40))
@example(date(2028, 2, 29), 1, 0)
@example(date(2026, 3, 31), 0, 1)
def test_months_back_keep_the_day_or_end_on_the_last_of_the_month(day: date, years: int, months: int) -> None:
    found = Offset(years=years, months=months).before(day)

    assert found.year * 12 + found.month == day.year * 12 + day.month - 12 * years - months
    assert found.day == min(day.day, calendar.monthrange(found.year, found.month)[1])
