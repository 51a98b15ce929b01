"""Backups: every table of one moment in one file, and back into an empty database.

Knows: the gateway's tables, PostgreSQL's binary COPY, the order of loading, older schemas by way of migration. Never
does: keys: what is encrypted stays so, and without the master key a backup is of no use to anybody. Jobs are not kept:
sweeps make them anew.
Standard: PostgreSQL, COPY; ZIP (`backup_file`). Start reading: `write`, then `load`.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import psycopg
from psycopg import sql
from sqlalchemy import Table

from gateway.errors import DatabaseNotEmpty
from gateway.evidence.roots import NOTHING, Newest, digest_of
from gateway.input import whole_file
from gateway.model import instant
from gateway.store import migrations
from gateway.store.connection.direct import connected
from gateway.store.keys import master_keys
from gateway.store.rows.facts import UNFINISHED
from gateway.store.rows.tables.every import metadata
from gateway.store.server.backup_file import FORMAT, MANIFEST, UNPACKABLE, manifest_bytes, opened, opened_member, unfit

_BLOCK: Final = 1 << 20
_DENSE: Final = frozenset({"blob_frames", "submission_secrets"})  # encrypted: nothing to compress
_PASSING: Final = frozenset(
    {"logins_under_way", "logins_done", "logins", "login_sessions", "login_codes", "login_tokens", "login_requests"}
)
"""Tables whose rows no backup holds: after a restore nobody could tell which of them were used or ended meanwhile.

Who logged in is known for an hour; a backup would know it for as long as it is kept.
"""
_ROWS: Final = dict.fromkeys(_PASSING, "WHERE false") | {
    "data_keys": "WHERE NOT EXISTS (SELECT FROM logins WHERE logins.data_key = data_keys.id)"
}
"""Which rows of a table are taken; all of one that is not named."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds: when it was made, by which schema, rows by table, the newest root over evidence."""

    made_at: str
    revision: str
    rows: Mapping[str, int]
    newest: Newest


def write(dsn: str, target: Path, now: datetime) -> Summary:
    """Write everything committed at this moment to `target`, which appears only once it is whole. Blocks.

    Raises `OSError` where it cannot be written; nothing is left then.
    """
    with whole_file.opened(target, 0o600, beside=target.with_name(target.name + ".part")) as file:
        return _write(dsn, file, now)


def _write(dsn: str, file: BinaryIO, now: datetime) -> Summary:
    tables: dict[str, dict[str, Any]] = {}
    with connected(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        revision = migrations.revision(connection) or ""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for table in metadata.sorted_tables:
                tables[table.name] = _unload(connection, archive, table)
            made_at = instant(now)
            manifest = {"format": FORMAT, "made_at": made_at, "revision": revision, "tables": tables}
            manifest["master_keys"] = _master_keys(connection)
            newest = _newest(connection)
            manifest["evidence_root"] = {"no": newest.no, "sha256": newest.digest}
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return Summary(made_at, revision, {name: table["rows"] for name, table in tables.items()}, newest)


def load(dsn: str, source: Path, keys: Collection[str] | None = None) -> Summary:
    """Read a backup into an empty database and bring it to the newest schema. Blocks.

    A backup of an older schema needs a database without any: that schema is made, filled and migrated. `keys` are the
    ids of the master keys at hand. The rows come in one transaction, which also remembers that the restore is not over
    until `finish`; run again after a crash, `load` goes on with what is left.
    Raises `BackupUnfit` (no backup, damaged, not of a schema or master key known here), `DatabaseNotEmpty`; nothing
    was written then.
    """
    with opened(source) as (archive, manifest):
        _must_be_readable(manifest, keys)
        _load(dsn, archive, manifest)
    rows = {name: table["rows"] for name, table in manifest["tables"].items()}
    root = manifest.get("evidence_root", {})
    newest = Newest(root.get("no", NOTHING.no), root.get("sha256", NOTHING.digest))
    return Summary(manifest["made_at"], manifest["revision"], rows, newest)


def needs(source: Path) -> tuple[str, ...]:
    """The ids of the master keys that a backup needs. Raises `BackupUnfit`."""
    with opened(source) as (_, manifest):
        return tuple(map(str, manifest["master_keys"]))


def finish(dsn: str) -> None:
    """Say that what was erased since is erased again: the database may be used. Blocks."""
    with connected(dsn) as connection:
        connection.execute("DELETE FROM facts WHERE name = %s", [UNFINISHED])


def knows_erasures(dsn: str) -> bool:
    """Whether anything was ever erased as far as the database knows; then there has to be a list of it. Blocks."""
    with connected(dsn) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM evidence WHERE kind = 'erased')").fetchone()
    return bool(row and row[0])


def _load(dsn: str, archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
    mark = hashlib.sha256(manifest_bytes(archive)).digest()
    with connected(dsn) as connection:
        revision = migrations.revision(connection)
        begun = revision is not None and _fact(connection, UNFINISHED) == mark
    if not begun:
        if revision is None:
            migrations.migrate(dsn, manifest["revision"])
        with connected(dsn) as connection:
            _must_be_empty(connection)
            _must_fit(connection, manifest)
            connection.execute("DELETE FROM facts")
            for name, table in manifest["tables"].items():
                _reload(connection, archive, name, table)
            connection.execute("INSERT INTO facts (name, value) VALUES (%s, %s)", [UNFINISHED, mark])
    migrations.migrate(dsn)
    with connected(dsn) as connection:
        _count_on(connection)


def _unload(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    member = zipfile.ZipInfo(f"{table.name}.copy")
    member.compress_type = zipfile.ZIP_STORED if table.name in _DENSE else zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    digest, copied = hashlib.sha256(), connection.cursor()
    columns = [column.name for column in table.columns]
    rows = sql.SQL(_ROWS.get(table.name, ""))
    statement = sql.SQL("COPY (SELECT {1} FROM {0} {2}) TO STDOUT (FORMAT binary)").format(
        *_named(table.name, columns), rows
    )
    with archive.open(member, "w", force_zip64=True) as file, copied.copy(statement) as copy:
        for block in copy:
            digest.update(block)
            file.write(block)
    return {"rows": copied.rowcount, "sha256": digest.hexdigest(), "columns": columns}


def _reload(connection: psycopg.Connection[Any], archive: zipfile.ZipFile, name: str, table: Mapping[str, Any]) -> None:
    digest, copied = hashlib.sha256(), connection.cursor()
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(*_named(name, table["columns"]))
    try:
        with opened_member(archive, f"{name}.copy") as file, copied.copy(statement) as copy:
            for block in _blocks(file):
                digest.update(block)
                copy.write(block)
    except (psycopg.Error, *UNPACKABLE):
        raise unfit(f"Tabelle {name} ist beschädigt", f"table {name} is damaged") from None
    if (copied.rowcount, digest.hexdigest()) != (table["rows"], table["sha256"]):
        raise unfit(f"Tabelle {name} ist beschädigt", f"table {name} is damaged")


def _blocks(file: Any) -> Iterator[bytes]:  # noqa: ANN401 - zipfile's reader
    while block := file.read(_BLOCK):
        yield block


def _named(table: str, columns: Sequence[str]) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))


def _must_be_readable(manifest: Mapping[str, Any], keys: Collection[str] | None) -> None:
    known = migrations.known()
    if (schema := manifest["revision"]) not in known:
        raise unfit(
            f"sie hat das Schema {schema} einer anderen, wohl neueren Fassung, diese kennt {known[0]}; bitte die "
            "Fassung installieren, die sie gemacht hat",
            f"it has schema {schema} of another, probably newer release, this one knows {known[0]}; install the "
            "release that made it",
        )
    if keys is not None and (missing := ", ".join(sorted(set(manifest["master_keys"]) - set(keys)))):
        raise unfit(
            f"sie braucht den Hauptschlüssel {missing}; bitte unter vault.previous_master_key_files angeben",
            f"it needs the master key {missing}; give it in vault.previous_master_key_files",
        )


def _must_fit(connection: psycopg.Connection[Any], manifest: Mapping[str, Any]) -> None:
    """Schema and names; the manifest is a stranger's until every column it names is one of ours."""
    if (revision := migrations.revision(connection)) != manifest["revision"]:
        raise unfit(
            f"sie hat das Schema {manifest['revision']}, die leere Datenbank hier schon {revision}; bitte eine neue "
            "Datenbank nehmen (eingebaute: das Verzeichnis postgres beiseite legen), dann wird sie dabei migriert",
            f"it has schema {manifest['revision']}, the empty database here {revision} already; take a new database "
            "(embedded: put the directory postgres aside), and restoring migrates it",
        )
    expected = {name: sorted(map(str, table["columns"])) for name, table in manifest["tables"].items()}
    if expected != {name: sorted(columns) for name, columns in _columns(connection).items()}:
        raise ValueError


def _columns(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """The gateway's own tables there and their columns."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'alembic_version' AND table_name NOT LIKE 'procrastinate%'"
    ):
        columns.setdefault(table, []).append(column)
    return columns


def _must_be_empty(connection: psycopg.Connection[Any]) -> None:
    for name in set(_columns(connection)) - {"facts"}:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name))
        row = connection.execute(query).fetchone()
        if row and row[0]:
            raise DatabaseNotEmpty


def _fact(connection: psycopg.Connection[Any], name: str) -> bytes | None:
    row = connection.execute("SELECT value FROM facts WHERE name = %s", [name]).fetchone()
    return bytes(row[0]) if row else None


def _master_keys(connection: psycopg.Connection[Any]) -> list[str]:
    fact = _fact(connection, master_keys.DIGESTS)
    rows = connection.execute("SELECT DISTINCT master FROM municipality_keys WHERE master IS NOT NULL")
    return sorted({row[0] for row in rows} | ({master_keys.current_of(fact)} if fact else set()))


def _newest(connection: psycopg.Connection[Any]) -> Newest:
    row = connection.execute("SELECT no, token FROM evidence_roots ORDER BY no DESC LIMIT 1").fetchone()
    return Newest(row[0], digest_of(row[1])) if row else NOTHING


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
