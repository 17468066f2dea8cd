"""What a schedule asks of the participant, in literal figures."""

from datetime import timedelta

import pytest
from builders import a_site, other_protocol, place

from schedule.planning.burden import weigh
from schedule.sites import Site
from schedule.study.protocol import Basis


@pytest.mark.parametrize("steroids", [True, False])
@pytest.mark.parametrize("site", [None, a_site()], ids=["no site", "a site"])
def test_the_registered_trial_asks_the_same_of_everyone(steroids: bool, site: Site | None) -> None:
    burden = weigh(tuple(place("2026-03-02", steroids=steroids, site=site).values()))

    assert (burden.contacts, burden.in_person, burden.virtual) == (23, 15, 8)
    assert burden.clinic_time == timedelta(hours=57, minutes=30)  # 2 x 7:30 + 4 x 5:00 + 9 x 2:30
    assert (burden.longest_day, burden.longest_day_at) == (timedelta(hours=7, minutes=30), ("D0", "M7"))
    assert burden.tightest_window_days == 11  # 3 before, the target, 7 after
    assert " ".join(burden.tightest_window_at) == "M2 M3 M5 M6 M7 M9 M10 M12 M13 M15 M18 M21 M24"
    assert burden.lengths_basis is Basis.ASSUMED


def test_a_window_of_a_single_day_is_one_day_wide() -> None:
    burden = weigh(tuple(place("2026-03-02", protocol=other_protocol(), steroids=False).values()))

    assert (burden.contacts, burden.in_person, burden.virtual) == (4, 3, 1)
    assert burden.clinic_time == timedelta(hours=7)
    assert (burden.longest_day, burden.longest_day_at) == (timedelta(hours=3), ("W0", "W4"))
    assert (burden.tightest_window_days, burden.tightest_window_at) == (1, ("W12",))
    assert burden.lengths_basis is Basis.REGISTERED


def test_no_visits_ask_nothing() -> None:
    burden = weigh(())

    assert (burden.contacts, burden.clinic_time, burden.longest_day_at) == (0, timedelta(0), ())
