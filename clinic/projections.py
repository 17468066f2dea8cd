"""What is read from the records, in tables that lists can be asked of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from clinic.models import Participant, Visit
from clinic.records import Difference, ParticipantRow, Rows, VisitRow

_PARTICIPANT = tuple(field.name for field in fields(ParticipantRow))
_VISIT = tuple(field.name for field in fields(VisitRow))
_COLUMNS = ["participant_id", *_VISIT[1:]]
_BY_CODE = 500


def replace(alias: str, rows: Rows) -> None:
    """Put a participant's rows in the place of those that are there."""
    changed = [name for name in _PARTICIPANT if name != "code"]
    Participant.objects.using(alias).bulk_create(
        [_participant(rows)], update_conflicts=True, unique_fields=["code"], update_fields=changed
    )
    Visit.objects.using(alias).filter(participant_id=rows.participant.code).delete()
    Visit.objects.using(alias).bulk_create(_visits(rows))


def insert(alias: str, several: Iterable[Rows]) -> None:
    """Add the rows of participants that have none."""
    several = tuple(several)
    Participant.objects.using(alias).bulk_create(map(_participant, several))
    Visit.objects.using(alias).bulk_create(visit for rows in several for visit in _visits(rows))


def clear(alias: str) -> None:
    """Take all rows out."""
    Visit.objects.using(alias).all().delete()
    Participant.objects.using(alias).all().delete()


def codes(alias: str) -> set[str]:
    """Return the codes of all participants that have rows."""
    return set(Participant.objects.using(alias).values_list("code", flat=True))


def read(alias: str, codes: Sequence[str]) -> dict[str, Rows]:
    """Return the rows of these participants by their codes; without those that have none."""
    found: dict[str, Rows] = {}
    for at in range(0, len(codes), _BY_CODE):
        some = codes[at : at + _BY_CODE]
        visits: dict[str, list[VisitRow]] = {code: [] for code in some}
        for values in Visit.objects.using(alias).filter(participant_id__in=some).values_list(*_COLUMNS):
            visits[values[0]].append(VisitRow(**dict(zip(_VISIT, values, strict=True))))
        for values in Participant.objects.using(alias).filter(code__in=some).values_list(*_PARTICIPANT):
            row = ParticipantRow(**dict(zip(_PARTICIPANT, values, strict=True)))
            found[row.code] = Rows(participant=row, visits=tuple(visits[row.code]))
    return found


def compare(wanted: Mapping[str, Rows], found: Mapping[str, Rows]) -> Iterator[Difference]:
    """Yield where the rows that were found are not those that a replay wants; the order of visits does not count."""
    for code, rows in wanted.items():
        if code not in found:
            yield Difference(participant=code, fields=("missing",))
        elif different := tuple(_differing(_flat(rows), _flat(found[code]))):
            yield Difference(participant=code, fields=different)


def _differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in wanted or name not in found or wanted[name] != found[name]:
            yield name


def _flat(rows: Rows) -> dict[str, Any]:
    flat = {name: getattr(rows.participant, name) for name in _PARTICIPANT}
    for visit in rows.visits:
        flat |= {f"{visit.code}.{name}": getattr(visit, name) for name in _VISIT}
    return flat


def _participant(rows: Rows) -> Participant:
    return Participant(**{name: getattr(rows.participant, name) for name in _PARTICIPANT})


def _visits(rows: Rows) -> list[Visit]:
    return [
        Visit(
            **{name: getattr(visit, name) for name in _VISIT[1:]},
            participant_id=visit.participant,
            site=rows.participant.site,
        )
        for visit in rows.visits
    ]
