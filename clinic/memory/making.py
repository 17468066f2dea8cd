"""Making a store, and bringing it to this version."""

import os
from collections.abc import Sequence
from pathlib import Path

from clinic.memory.settings import Address, connect
from clinic.memory.trouble import told
from schedule.errors import Problem, StoreUnavailable
from schedule.saying import words

PRIVATE = 0o600


def make(address: Address, *, apps: Sequence[str] = ("clinic",)) -> None:
    """Make the tables of these apps that are not there yet. Raises StoreUnavailable where another program's lie."""
    from django.db import connections

    made = _make_file(address.file) if address.file else False
    try:
        with told(address.shown):
            connection = connections[connect(address)]
            tables = set(connection.introspection.table_names())
            if tables - {"django_migrations"} and "clinic_record" not in tables:
                raise _foreign(address)
            _migrate(connection, apps)
    except StoreUnavailable:
        if made and address.file:
            address.file.unlink(missing_ok=True)
        raise


def _make_file(file: Path) -> bool:
    """Make an empty file that only its owner may read; tell whether it was not there."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
    except FileExistsError:
        return False
    except OSError as error:
        problem = Problem(
            file=str(file),
            place="",
            wrong=words("cannot be made ({why})", why=error.strerror),
            remedy=words("choose a folder that is there and that you may write to"),
        )
        raise StoreUnavailable([problem]) from error
    return True


def _migrate(connection: object, apps: Sequence[str]) -> None:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate([node for app in apps for node in executor.loader.graph.leaf_nodes(app)])


def _foreign(address: Address) -> StoreUnavailable:
    problem = Problem(
        file=address.shown,
        place="",
        wrong=words("holds the tables of another program"),
        remedy=words("choose another file or database; nothing was changed in this one"),
    )
    return StoreUnavailable([problem])
