"""One constant VTIMEZONE a zone, read back by a parser that nobody here wrote."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from schedule.errors import Refused
from schedule.render.zones import vtimezone


def test_new_york_is_two_yearly_rules() -> None:
    assert vtimezone("America/New_York").decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:America/New_York",
        "BEGIN:STANDARD",
        "DTSTART:20071104T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "TZNAME:EST",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:20070311T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "TZNAME:EDT",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
        "",
    ]


@pytest.mark.parametrize(
    ("zone", "rules", "offset"),
    [
        ("America/Phoenix", 0, "-0700"),
        ("America/Puerto_Rico", 0, "-0400"),
        ("Asia/Kolkata", 0, "+0530"),
        ("UTC", 0, "+0000"),
        ("Europe/Madrid", 2, "+0200"),
        ("Australia/Adelaide", 2, "+1030"),
        ("America/St_Johns", 2, "-0230"),
    ],
)
def test_a_zone_has_a_rule_for_each_change_of_its_clock(zone: str, rules: int, offset: str) -> None:
    text = vtimezone(zone).decode()

    assert text.count("RRULE:FREQ=YEARLY") == rules
    assert f"TZOFFSETTO:{offset}\r\n" in text
    assert "RDATE" not in text


@pytest.mark.parametrize(
    "zone",
    [
        "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix",
        "America/St_Johns", "Europe/Madrid", "Europe/London", "Europe/Dublin", "Australia/Sydney", "Asia/Kolkata",
    ],
)  # fmt: skip
def test_another_parser_reads_the_zones_own_offsets_all_year(zone: str) -> None:
    theirs = tzical(io.StringIO(vtimezone(zone).decode())).get(zone)
    ours = ZoneInfo(zone)
    assert theirs is not None

    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for day in range(0, 3 * 366, 5):
        local = (noon + timedelta(days=day)).astimezone(ours).replace(tzinfo=None)
        assert local.replace(tzinfo=theirs).utcoffset() == local.replace(tzinfo=ours).utcoffset(), local


@pytest.mark.parametrize(
    "zone", ["Africa/Casablanca", "Africa/El_Aaiun", "America/Nuuk", "America/Santiago", "Asia/Gaza"]
)
def test_a_zone_that_one_pair_of_rules_cannot_say_is_refused_by_name(zone: str) -> None:
    with pytest.raises(Refused, match=zone):
        vtimezone(zone)
