"""What is read from the records, in tables that lists can be asked of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from clinic.models import LocalTimeField, Participant, Visit
from clinic.records import Difference, ParticipantRow, Rows, VisitRow

_PARTICIPANT = tuple(field.name for field in fields(ParticipantRow))
_VISIT = tuple(field.name for field in fields(VisitRow))
_COLUMNS = ["participant_id", *_VISIT[1:]]
_BY_CODE = 500


def replace(alias: str, rows: Rows) -> None:
    """Put a participant's rows in the place of those that are there."""
    _delete(alias, rows.participant.code)
    insert(alias, [rows])


def _delete(alias: str, code: str) -> None:
    Visit.objects.using(alias).filter(participant_id=code).delete()
    Participant.objects.using(alias).filter(code=code).delete()


def insert(alias: str, several: Iterable[Rows]) -> None:
    """Add the rows of participants that have none; in plain SQL, since thousands of them may be made anew at once."""
    several = tuple(several)
    _write(alias, Participant, ([*_values(rows.participant, _PARTICIPANT)] for rows in several))
    _write(
        alias,
        Visit,
        ([*_values(visit, _VISIT), rows.participant.site] for rows in several for visit in rows.visits),
    )


def _values(row: ParticipantRow | VisitRow, names: Sequence[str]) -> Iterator[Any]:
    return (getattr(row, name) for name in names)


def _write(alias: str, model: type[Participant] | type[Visit], rows: Iterable[Sequence[Any]]) -> None:
    from django.db import connections

    connection = connections[alias]
    names = _PARTICIPANT if model is Participant else (*_COLUMNS, "site")
    adapt = [_adapter(model, name, connection) for name in names]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    places = ", ".join(["%s"] * len(names))
    sql = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})"  # noqa: S608, SLF001
    with connection.cursor() as cursor:
        cursor.executemany(sql, [[to(value) for to, value in zip(adapt, row, strict=True)] for row in rows])


def _adapter(model: type[Participant] | type[Visit], name: str, connection: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a column into what the engine's driver takes."""
    from django.db.models import DateField, DateTimeField

    field = model._meta.get_field("participant" if name == "participant_id" else name)  # noqa: SLF001
    if isinstance(field, DateTimeField):
        return cast("Callable[[Any], Any]", connection.ops.adapt_datetimefield_value)
    if isinstance(field, DateField):
        return cast("Callable[[Any], Any]", connection.ops.adapt_datefield_value)
    if isinstance(field, LocalTimeField):
        return field.get_prep_value
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


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
