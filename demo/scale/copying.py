"""Writes rows with COPY: they are spooled to files, then loaded in the order of time into tables without indexes.

So the rows lie on disk as they would if they had come one by one, and each index and foreign key is built and checked
once, over all rows. All of it is one transaction: a run that is stopped leaves the database as it was.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from demo.scale.year import DAY, Year

NULL, YES, NO = "\\N", "t", "f"
BUCKETS = 24
FLUSH_LINES = 4_096
BLOCK_LINES = 1_000
BUILD_MEMORY = "512MB"
"""What PostgreSQL may use to build one index."""


def escaped(text: str) -> str:
    """`text` as a value in the text format of PostgreSQL's COPY."""
    if "\\" in text or "\n" in text or "\t" in text or "\r" in text:
        text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


def as_json(value: Any) -> str:
    """`value` as JSON in the text format of PostgreSQL's COPY."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\\", "\\\\")


def as_bytes(text: str) -> str:
    """ASCII text without line breaks as a bytea value in the text format of PostgreSQL's COPY. A backslash becomes
    four, because COPY doubles it and bytea doubles it again.
    """
    return text.replace("\\", "\\\\\\\\")


def as_time(at: int) -> str:
    """A time (milliseconds since 1970) as a value in the text format of PostgreSQL's COPY."""
    day, of_day = divmod(at, DAY)
    seconds, millis = divmod(of_day, 1_000)
    minutes, seconds = divmod(seconds, 60)
    return f"{_date(day)} {minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{millis:03d}+00"


@cache
def _date(day: int) -> str:
    return str(date(1970, 1, 1) + timedelta(days=day))


def time_or_null(at: int | None) -> str:
    """A time (milliseconds since 1970) as a value in the text format of PostgreSQL's COPY; NULL for None."""
    return NULL if at is None else as_time(at)


def truth(value: object) -> str:
    return YES if value else NO


class Sheet:
    """The rows of one table, to be loaded by PostgreSQL's COPY. They are written to files in `folder`. `varying` are
    the fields that each row states, by Django's names for their columns.

    The other columns get the model's default. Raises ValueError for one that has none, so that a column that is added
    to the product is not forgotten here.
    """

    def __init__(self, model: type[models.Model], varying: str, folder: Path, year: Year) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields if not field.generated}
        names = varying.split()
        columns = [fields.pop(name).column for name in names]
        constants = []
        for field in fields.values():
            if (value := _default(field)) is not None:
                columns.append(field.column)
                constants.append(value)
        self.model, self.table, self.columns, self.count = model, model._meta.db_table, columns, 0
        self._tail = "".join(f"\t{value}" for value in constants) + "\n"
        self._folder, self._width = folder, len(names)
        self._begins, self._bucket = year.begins, (year.until - year.begins) // BUCKETS
        self._lines: defaultdict[int, list[str]] = defaultdict(list)

    def add(self, at: int, *values: str) -> None:
        """Adds a row of the time `at` (milliseconds since 1970) to the table. `values` are in COPY's text format, one
        for each field of `varying`, in their order. Rows stay in memory until there are many, or until `finish`.
        """
        assert len(values) == self._width, (self.table, len(values), self._width)
        bucket = max(0, min(BUCKETS - 1, (at - self._begins) // self._bucket))
        lines = self._lines[bucket]
        lines.append(f"{at:013d}" + "\t".join(values) + self._tail)
        self.count += 1
        if len(lines) >= FLUSH_LINES:
            self._flush(bucket)

    def finish(self) -> None:
        """Writes the table's rows that are still in memory to the files."""
        for bucket in list(self._lines):
            self._flush(bucket)

    def _flush(self, bucket: int) -> None:
        with (self._folder / f"{self.table}.{bucket:02d}").open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(self._lines.pop(bucket))


def _default(field: "models.Field[Any, Any]") -> str | None:
    """A field's default in COPY's text format; None if the database has one, makes the value, or may leave it empty."""
    if field.has_default():
        value = field.get_default()
    elif field.db_default is not NOT_PROVIDED or field.null or isinstance(field, models.AutoField):
        return None
    elif field.empty_strings_allowed and not isinstance(field, models.DateTimeField):
        value = ""
    else:
        raise ValueError(f"{field}: seed_scale states no value for it, and it has no default.")
    if isinstance(value, bool):
        return truth(value)
    if isinstance(field, models.JSONField):
        return as_json(value)
    if isinstance(value, list):
        return "{}"  # the default of every array
    return NULL if value is None else escaped(str(value))


def load(sheets: Iterable[Sheet], folders: Iterable[Path]) -> Iterator[tuple[str, int]]:
    """Empties the tables of `sheets` and copies into them, in the order of time, what was written to files in
    `folders`. The files are deleted. Yields each table with its number of rows.

    It must run in a transaction and within `without_indexes`.
    """
    folders = list(folders)
    with connection.cursor() as cursor:
        for sheet in sheets:
            # FREEZE wants a table that is new to this transaction. The rows then need no later visit of vacuum.
            cursor.execute(f'TRUNCATE "{sheet.table}" RESTART IDENTITY')
            names = ", ".join(f'"{column}"' for column in sheet.columns)
            with cursor.copy(f'COPY "{sheet.table}" ({names}) FROM STDIN (FREEZE)') as copy:
                for bucket in range(BUCKETS):
                    for block in _blocks(folders, f"{sheet.table}.{bucket:02d}"):
                        copy.write(block)
            yield sheet.table, cursor.rowcount


def _blocks(folders: list[Path], name: str) -> Iterator[str]:
    lines: list[str] = []
    for folder in folders:
        if (path := folder / name).exists():
            with path.open(encoding="utf-8", newline="\n") as file:
                lines.extend(file)
            path.unlink()
    lines.sort()  # each begins with its time in 13 digits
    for at in range(0, len(lines), BLOCK_LINES):
        yield "".join(line[13:] for line in lines[at : at + BLOCK_LINES])


FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[]))
ORDER BY 1, 2
"""
UNIQUE = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'u' AND conrelid = ANY(%(tables)s::regclass[]) ORDER BY 1, 2
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%(tables)s::regclass[]) AND NOT indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY 1
"""

FOLLOWING = """
SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger
WHERE tgrelid = ANY(%s::regclass[]) AND NOT tgisinternal AND tgtype & 2 = 0
"""
"""The triggers after a change. Those before it fill columns of the row itself."""


@contextmanager
def without_triggers(tables: list[str]) -> Iterator[None]:
    """A context manager: the changes of its block to `tables` cause no events, and no page follows them. It must run in
    a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWING, [tables])
        triggers = cursor.fetchall()
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")


@contextmanager
def without_indexes(tables: list[str]) -> Iterator[None]:
    """A context manager: drops the indexes, unique constraints and foreign keys of `tables`, and the foreign keys of
    other tables that point at them. Primary keys stay.

    After the block it builds all anew, and PostgreSQL checks all rows. It must run in a transaction: an error in the
    block leaves them dropped until the transaction is rolled back.
    """
    with connection.cursor() as cursor:

        def found(query: str) -> list[tuple[str, ...]]:
            cursor.execute(query, {"tables": tables})
            return [tuple(row) for row in cursor.fetchall()]

        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        foreign, unique, indexes = found(FOREIGN_KEYS), found(UNIQUE), found(INDEXES)
        for table, name, _ in (*foreign, *unique):
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, true)", [BUILD_MEMORY])
        for table, name, definition in unique:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in foreign:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
