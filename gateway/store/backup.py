"""Backups: every table of one moment in one file, and back into an empty database.

Knows: the gateway's tables, PostgreSQL's binary COPY, the order of loading. Never does: keys: what is encrypted stays
so, and without the master key a backup is of no use to anybody. Jobs are not kept: sweeps make them anew.
Standard: PostgreSQL, COPY; ZIP (one member a table, `manifest.json` last). Start reading: `write`, then `load`.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from sqlalchemy import Table

from gateway.errors import BackupUnfit, DatabaseAway, DatabaseNotEmpty
from gateway.model import instant
from gateway.store.tables import metadata

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1 << 20
_DENSE: Final = frozenset({"blob_frames", "submission_secrets"})  # encrypted: nothing to compress


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds: when it was made, by which schema, rows by table."""

    made_at: str
    revision: str
    rows: Mapping[str, int]


def write(dsn: str, target: Path, now: datetime) -> Summary:
    """Write everything committed at this moment to `target`, which appears only once it is whole. Blocks."""
    part = target.with_name(target.name + ".part")
    tables: dict[str, dict[str, Any]] = {}
    with _connected(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        revision = _revision(connection)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for table in metadata.sorted_tables:
                    tables[table.name] = _unload(connection, archive, table)
                made_at = instant(now)
                manifest = {"format": FORMAT, "made_at": made_at, "revision": revision, "tables": tables}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            file.flush()
            os.fsync(file.fileno())
    part.replace(target)
    return Summary(made_at, revision, {name: each["rows"] for name, each in tables.items()})


def load(dsn: str, source: Path) -> Summary:
    """Read a backup into an empty, migrated database, in one transaction. Blocks.

    Raises `BackupUnfit` (no backup, of another schema, or damaged), `DatabaseNotEmpty`; nothing was written then.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(archive)
            with _connected(dsn) as connection:
                if (there := _revision(connection)) != manifest["revision"]:
                    raise _unfit(
                        f"sie stammt von Schema {manifest['revision']}, hier ist {there}; bitte mit derselben Version "
                        "des Gateways wiederherstellen",
                        f"it is of schema {manifest['revision']}, here is {there}; restore with the same version of "
                        "the gateway",
                    )
                _must_be_empty(connection)
                connection.execute("DELETE FROM facts")
                for table in metadata.sorted_tables:
                    _reload(connection, archive, table, manifest["tables"][table.name])
                _count_on(connection)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, TypeError) as error:
        raise _unfit(f"keine Sicherung ({type(error).__name__})", f"no backup ({type(error).__name__})") from None
    rows = {name: each["rows"] for name, each in manifest["tables"].items()}
    return Summary(manifest["made_at"], manifest["revision"], rows)


def _connected(dsn: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(dsn, connect_timeout=5)
    except psycopg.OperationalError:
        raise DatabaseAway from None


def _unload(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    member = zipfile.ZipInfo(f"{table.name}.copy")
    member.compress_type = zipfile.ZIP_STORED if table.name in _DENSE else zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    digest, copied = hashlib.sha256(), connection.cursor()
    statement = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)").format(*_named(table))
    with archive.open(member, "w", force_zip64=True) as file, copied.copy(statement) as copy:
        for block in copy:
            digest.update(block)
            file.write(block)
    return {"rows": copied.rowcount, "sha256": digest.hexdigest()}


def _reload(
    connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: Table, said: Mapping[str, Any]
) -> None:
    digest, copied = hashlib.sha256(), connection.cursor()
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(*_named(table))
    try:
        with archive.open(f"{table.name}.copy") as file, copied.copy(statement) as copy:
            for block in _blocks(file):
                digest.update(block)
                copy.write(block)
    except psycopg.Error:
        raise _unfit(f"Tabelle {table.name} ist beschädigt", f"table {table.name} is damaged") from None
    if (copied.rowcount, digest.hexdigest()) != (said["rows"], said["sha256"]):
        raise _unfit(f"Tabelle {table.name} ist beschädigt", f"table {table.name} is damaged")


def _blocks(file: Any) -> Iterator[bytes]:  # noqa: ANN401 - zipfile's reader
    while block := file.read(_BLOCK):
        yield block


def _named(table: Table) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT or set(manifest["tables"]) != set(metadata.tables):
        raise ValueError
    return cast("dict[str, Any]", manifest)


def _must_be_empty(connection: psycopg.Connection[Any]) -> None:
    for name in set(metadata.tables) - {"facts"}:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name))
        row = connection.execute(query).fetchone()
        if row and row[0]:
            raise DatabaseNotEmpty


def _count_on(connection: psycopg.Connection[Any]) -> None:
    """Numbers go on behind those restored: of identities, and of the change feed."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.identity is not None:
                connection.execute(
                    sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({}), true) FROM {}").format(
                        table.name, column.name, sql.Identifier(column.name), sql.Identifier(table.name)
                    )
                )
    row = connection.execute("SELECT max(xid::text::bigint) FROM changes").fetchone()
    base = int(row[0]) + 1 if row and row[0] is not None else 0
    connection.execute(
        sql.SQL("CREATE OR REPLACE FUNCTION feed_base() RETURNS bigint LANGUAGE sql IMMUTABLE AS {}").format(
            f"SELECT {base}::bigint"
        )
    )


def _revision(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _unfit(de: str, en: str) -> BackupUnfit:
    return BackupUnfit(cause_de=de, cause_en=en)
