"""What two sites can hold in the scripted year, read off their files and the script by hand, and what that forces.

Nothing of the planner or of the clinic is asked here: rows are those of ``dayzero agenda``, days are literal.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

Row = Mapping[str, Any]
LIMITS = {
    "gainesville": {"infusion": 2, "clinic": 2, "virtual": 3},
    "miami": {"infusion": 1, "clinic": 2, "virtual": 2},
}
"""How many visits of a kind a day can hold."""
FEDERAL = {
    "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07", "2026-10-12",
    "2026-11-11", "2026-11-26", "2026-12-25", "2027-01-01", "2027-01-18", "2027-02-15",
}  # fmt: skip
"""Federal holidays, as observed; they close Gainesville."""
CLOSED = (
    ("2026-04-17", "miami", "2026-04-20", "2026-04-21", None),
    ("2026-05-01", "gainesville", "2026-05-04", "2026-05-04", None),
    ("2026-07-10", "gainesville", "2026-07-13", "2026-07-17", None),
    ("2026-09-02", "gainesville", "2026-09-03", "2026-09-04", "infusion"),
    ("2026-09-02", "miami", "2026-09-03", "2026-09-04", "infusion"),
    ("2026-10-09", "miami", "2026-10-12", "2026-10-23", None),
)
"""Since when it is known, the site, first and last day, and the kind of visit; None for all."""
LOST = (("2026-11-04", "gainesville", "2026-11-05", "2026-11-25", "infusion", 1),)
"""Since when it is known, the site, first and last day, the kind, and how many a day can hold."""
AWAY = {"P-012": ("2026-05-04", "2026-07-01", "2026-07-14")}
"""Since when it is known, first and last day."""
APART = timedelta(days=21)
"""Between two infusions of one participant."""
COUNTS = {
    "M1": ("D0", 1, 7, 7), "M2": ("D0", 2, 3, 7), "M4": ("M3", 1, 7, 7), "M5": ("M3", 2, 3, 7),
    "M7": ("M6", 1, 3, 7), "M8": ("M7", 1, 7, 7), "M9": ("M7", 2, 3, 7), "M12": ("M10", 2, 3, 7),
}  # fmt: skip
"""What a visit counts from, how many months, days before and after; without M11, which the amendment changes."""
PROMISED = ("booked", "confirmed")
TAKING = (*PROMISED, "done")


def limit(site: str, day: str, kind: str, known: date) -> int:
    """Return how many visits of a kind a day can hold, as it is known on another day."""
    if date.fromisoformat(day).weekday() > 4 or (site == "gainesville" and day in FEDERAL):
        return 0
    for since, there, first, last, shut in CLOSED:
        if since <= str(known) and there == site and first <= day <= last and shut in (None, kind):
            return 0
    for since, there, first, last, fewer, left in LOST:
        if since <= str(known) and there == site and first <= day <= last and fewer == kind:
            return left
    return LIMITS[site][kind]


def taken(rows: Iterable[Row]) -> Counter[tuple[str, str, str]]:
    """Count who has a slot, by site, day and kind."""
    return Counter((row["site"], row["day"], row["kind"]) for row in rows
                   if row["status"] in TAKING and row["kind"] != "milestone")  # fmt: skip


def infusions(rows: Iterable[Row], code: str) -> list[date]:
    """Return the days of a participant's infusions, those to come too."""
    return sorted(date.fromisoformat(row["day"]) for row in rows
                  if row["participant"] == code and row["kind"] == "infusion" and row["status"] in TAKING)  # fmt: skip


def is_away(code: str, day: str, known: date) -> bool:
    """Tell whether a participant has said that they cannot come."""
    since, first, last = AWAY.get(code, ("9999", "", ""))
    return since <= str(known) and first <= day <= last


def can_stay(row: Row, known: date) -> bool:
    """Tell whether an appointment may stay on its day, whoever else comes."""
    day, kind = row["day"], row["kind"]
    is_inside: bool = row["earliest"] <= day <= row["latest"]
    return is_inside and limit(row["site"], day, kind, known) > 0 and not is_away(row["participant"], day, known)


def least_to_move(rows: Iterable[Row], site: str, known: date, answered: Mapping[tuple[str, str], str]) -> int:
    """Return how many appointments have to move, whatever anybody chooses.

    Each that cannot stay; each that counts from one of these, and would be outside its window whatever day it has;
    on every other day as many as there are too many. What a person answered for stays.
    """
    coming = [row for row in rows if row["site"] == site and row["status"] in PROMISED and row["day"] > str(known)]
    must = {(row["participant"], row["code"]): list(possible_days(row, known)) for row in coming
            if not can_stay(row, known) and answered.get((row["participant"], row["code"])) != row["day"]}  # fmt: skip
    stay = [row for row in coming if (row["participant"], row["code"]) not in must and not is_left_behind(row, must)]
    crowded = sum(max(0, count - limit(*key, known)) for key, count in taken(stay).items())
    return len(coming) - len(stay) + crowded


def possible_days(row: Row, known: date) -> Iterator[date]:
    """Yield the days of a visit's window on which a site is open and can hold its kind, from the next day on."""
    first, last = date.fromisoformat(row["earliest"]), date.fromisoformat(row["latest"])
    for day in days(max(first, known + timedelta(days=1)), last):
        if limit(row["site"], str(day), row["kind"], known) and not is_away(row["participant"], str(day), known):
            yield day


def is_left_behind(row: Row, must: Mapping[tuple[str, str], list[date]]) -> bool:
    """Tell whether what a visit counts from moves so that the visit cannot stay, on whatever day that one is then."""
    anchor, months, before, after = COUNTS.get(row["code"], ("", 0, 0, 0))
    moves_to, stays = must.get((row["participant"], anchor)), date.fromisoformat(row["day"])
    if not moves_to:
        return False
    targets = [later(day, f"P{months}M") for day in moves_to]
    return not any(one - timedelta(days=before) <= stays <= one + timedelta(days=after) for one in targets)


def later(day: date, offset: str) -> date:
    """Count months, weeks or days on, by hand: a month that has no such day gives its last."""
    number, unit = int(offset[1:-1]), offset[-1]
    if unit != "M":
        return day + timedelta(days=number * (7 if unit == "W" else 1))
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def open_days(row: Row, rows: Iterable[Row], known: date) -> Iterator[str]:
    """Yield the days of a visit's window, from the next one on, on which it could be while all others stay."""
    others = [one for one in rows if (one["participant"], one["code"]) != (row["participant"], row["code"])]
    full, site, kind = taken(others), row["site"], row["kind"]
    near = infusions(others, row["participant"]) if kind == "infusion" else []
    for day in possible_days(row, known):
        has_room = full[site, str(day), kind] < limit(site, str(day), kind, known)
        if has_room and all(abs(day - one) >= APART for one in near):
            yield str(day)


def days(first: date, last: date) -> Iterator[date]:
    """Yield days, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
