"""What is read from the records, in tables that lists can be asked of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

from clinic.memory.records import Difference, LinkRow, LinkRows, ParticipantRow, Projected, Rows, VisitRow
from clinic.models import Link, LocalTimeField, Participant, Visit

_AT_ONCE = 500
Flat = dict[str, Any]
"""All values of one subject's rows by their names: ``day0``, ``M3.planned``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table of rows that are read from the records of subjects of one room: ``participant/P-001``, ``links/...``."""

    model: type[Any]
    row: type[Any]
    room: str
    whose: tuple[str, ...]
    """The columns that say whose a row is, in the order of the subject's parts after its room."""
    rows_of: Callable[[Any], Iterable[Any]]
    """Returns the rows for this table from all that is read of a subject."""
    named: str | None = None
    """The column that tells the rows of one subject apart, where it has several."""
    besides: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Columns that are no field of the row."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in fields(self.row))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of ``names``: a visit's participant is called by the code."""
        return tuple(self.model._meta.get_field(name).attname for name in self.names)  # noqa: SLF001

    def where(self, subject: str) -> dict[str, str]:
        """Return which rows are this subject's."""
        return dict(zip(self.whose, subject.split("/")[1:], strict=True))

    def subject(self, parts: Iterable[str]) -> str:
        return "/".join([self.room, *parts])

    def flat(self, values: Iterable[Sequence[Any]]) -> Flat:
        """Return the values of one subject's rows by name."""
        flat: Flat = {}
        for row in values:
            named = dict(zip(self.names, row, strict=True))
            before = f"{named[self.named]}." if self.named else ""
            flat |= {before + name: value for name, value in named.items()}
        return flat

    def values(self, row: Any) -> list[Any]:
        return [getattr(row, name) for name in self.names]


_TABLES: Mapping[type[Any], tuple[_Table, ...]] = {
    Rows: (
        _Table(
            model=Participant,
            row=ParticipantRow,
            room="participant",
            whose=("code",),
            rows_of=lambda rows: (rows.participant,),
        ),
        _Table(
            model=Visit,
            row=VisitRow,
            room="participant",
            whose=("participant_id",),
            rows_of=lambda rows: rows.visits,
            named="code",
            besides={"site": lambda rows: rows.participant.site},
        ),
    ),
    LinkRows: (
        _Table(
            model=Link,
            row=LinkRow,
            room="links",
            whose=("kind", "owner"),
            rows_of=lambda rows: rows.links,
            named="hash",
        ),
    ),
}
"""By what is read from a subject's records."""
_EVERY = tuple(table for tables in _TABLES.values() for table in tables)


def replace(alias: str, rows: Projected) -> None:
    """Put a subject's rows in the place of those that are there."""
    for table in reversed(_TABLES[type(rows)]):
        table.model.objects.using(alias).filter(**table.where(rows.subject)).delete()
    insert(alias, [rows])


def insert(alias: str, several: Iterable[Projected]) -> None:
    """Add the rows of subjects that have none; in plain SQL, since thousands of them may be made anew at once."""
    several = tuple(several)
    for kind, tables in _TABLES.items():
        some = [rows for rows in several if isinstance(rows, kind)]
        for table in tables:
            _write(alias, table, some)


def _write(alias: str, table: _Table, several: Iterable[Projected]) -> None:
    from django.db import connections

    connection = connections[alias]
    names = (*table.columns, *table.besides)
    adapt = [_adapter(table.model, name, connection) for name in names]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    places = ", ".join(["%s"] * len(names))
    sql = f"INSERT INTO {table.model._meta.db_table} ({columns}) VALUES ({places})"  # noqa: S608, SLF001
    values = (
        [*table.values(row), *(tell(rows) for tell in table.besides.values())]
        for rows in several
        for row in table.rows_of(rows)
    )
    with connection.cursor() as cursor:
        cursor.executemany(sql, [[to(value) for to, value in zip(adapt, row, strict=True)] for row in values])


def _adapter(model: type[Any], column: str, connection: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a column into what the engine's driver takes."""
    from django.db.models import DateField, DateTimeField

    (column_field,) = (one for one in model._meta.concrete_fields if one.attname == column)  # noqa: SLF001
    if isinstance(column_field, DateTimeField):
        return cast("Callable[[Any], Any]", connection.ops.adapt_datetimefield_value)
    if isinstance(column_field, DateField):
        return cast("Callable[[Any], Any]", connection.ops.adapt_datefield_value)
    if isinstance(column_field, LocalTimeField):
        return column_field.get_prep_value
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def clear(alias: str) -> None:
    """Take all rows out."""
    for table in reversed(_EVERY):
        table.model.objects.using(alias).all().delete()


def subjects(alias: str) -> set[str]:
    """Return all subjects that have rows."""
    return {
        table.subject(parts)
        for table in _EVERY
        for parts in table.model.objects.using(alias).values_list(*table.whose).distinct()
    }


def read(alias: str, subjects: Sequence[str]) -> dict[str, Flat]:
    """Return the values of these subjects' rows; without the subjects that have none."""
    found: dict[str, Flat] = {}
    for table in _EVERY:
        ours = [one for one in subjects if one.startswith(f"{table.room}/")]
        for at in range(0, len(ours), _AT_ONCE):
            for subject, values in _read_some(alias, table, ours[at : at + _AT_ONCE]).items():
                found.setdefault(subject, {}).update(table.flat(values))
    return found


def _read_some(alias: str, table: _Table, subjects: Sequence[str]) -> dict[str, list[Sequence[Any]]]:
    last = table.whose[-1]
    owners = {table.where(one)[last] for one in subjects}
    rows: dict[str, list[Sequence[Any]]] = {}
    places = [table.columns.index(name) for name in table.whose]
    for values in table.model.objects.using(alias).filter(**{f"{last}__in": owners}).values_list(*table.columns):
        subject = table.subject(values[place] for place in places)
        rows.setdefault(subject, []).append(values)
    return {one: rows[one] for one in subjects if one in rows}


def compare(wanted: Iterable[Projected], found: Mapping[str, Flat]) -> Iterator[Difference]:
    """Yield where the rows that were found are not those that a replay wants; their order does not count."""
    for rows in wanted:
        if rows.subject not in found:
            yield Difference(subject=rows.subject, fields=("missing",))
        elif different := tuple(_differing(_flat(rows), found[rows.subject])):
            yield Difference(subject=rows.subject, fields=different)


def _differing(wanted: Flat, found: Flat) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in wanted or name not in found or wanted[name] != found[name]:
            yield name


def _flat(rows: Projected) -> Flat:
    flat: Flat = {}
    for table in _TABLES[type(rows)]:
        flat |= table.flat(map(table.values, table.rows_of(rows)))
    return flat
