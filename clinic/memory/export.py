"""Everything that the clinic knows, as files that any program can read."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from io import StringIO
from pathlib import Path

from clinic.memory.audit import lines, table
from clinic.memory.records import ParticipantRow, VisitRow
from clinic.memory.store import Store
from schedule.desk.writing import PRIVATE, Output, write_outputs
from schedule.render.tables import spreadsheet_cell

_TABLES = {"participants": ("clinic_participant", ParticipantRow), "visits": ("clinic_visit", VisitRow)}
_COLUMNS = {"participant": "participant_id", "end": '"end"'}
"""What a column is called where its name is not the field's."""


def export_everything(store: Store, folder: Path) -> list[Path]:
    """Write records, participants and visits as CSV and as JSON lines, all of them or nothing.

    Raises StoreUnavailable.
    """
    outputs = [
        Output(path=folder / "records.jsonl", data=lines(store), mode=PRIVATE),
        Output(path=folder / "records.csv", data=table(store), mode=PRIVATE),
    ]
    for name, (sql_table, kind) in _TABLES.items():
        names = [field.name for field in fields(kind)]
        outputs += [
            Output(path=folder / f"{name}.jsonl", data=_json_lines(store, sql_table, names), mode=PRIVATE),
            Output(path=folder / f"{name}.csv", data=_csv_lines(store, sql_table, names), mode=PRIVATE),
        ]
    write_outputs(outputs)
    return [output.path for output in outputs]


def _read(store: Store, sql_table: str, names: Sequence[str]) -> Iterator[Sequence[object]]:
    columns = ", ".join(_COLUMNS.get(name, name) for name in names)
    first = "participant_id, code" if sql_table == "clinic_visit" else "code"
    yield from store.ask(f"SELECT {columns} FROM {sql_table} ORDER BY {first}")  # noqa: S608


def _json_lines(store: Store, sql_table: str, names: Sequence[str]) -> Iterator[bytes]:
    for row in _read(store, sql_table, names):
        yield json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False).encode() + b"\n"


def _csv_lines(store: Store, sql_table: str, names: Sequence[str]) -> Iterator[bytes]:
    yield _csv_line(names)
    for row in _read(store, sql_table, names):
        yield _csv_line([spreadsheet_cell(value) for value in row])


def _csv_line(values: Sequence[object]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()
