"""Migrating yields what `store.rows.tables` declares."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.pool import NullPool

from gateway.cli.console import exit_code
from gateway.errors import DatabaseAway, DatabaseNotAllowed, DatabaseTooOld, SchemaNewer, SettingsInvalid
from gateway.store import migrations
from gateway.store.connection.database import Database, numbered
from gateway.store.migrations import known, migrate, running
from gateway.store.rows.tables import Xid8
from gateway.store.rows.tables.every import metadata


def ours(name, kind, _):
    return not (kind in {"table", "index"} and name and name.startswith("procrastinate"))


def test_migrating_yields_the_declared_tables(postgres_dsn, monkeypatch):
    monkeypatch.setitem(ischema_names, "xid8", Xid8)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres_dsn), poolclass=NullPool)
    options = {"compare_type": True, "compare_server_default": True, "include_name": ours}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_every_row_but_the_installation_names_its_municipality():
    without = {name for name, table in metadata.tables.items() if "municipality" not in table.c}
    of_all = {"evidence_keys", "evidence_roots", "evidence_stamps"}  # one tree over the heads of every town
    of_the_gateway = {"bulletins", "destination_pace", "destination_turns", "exchange_durations"}
    of_the_gateway |= {"spent_assertions", "client_allowances", "login_requests"}
    of_all |= {
        "catalogue_exports",
        "catalogue_files",
        "availability_reports",
        "probe_runs",
        "probe_lease",
    }  # of every town together
    # a frame is part of its blob's row
    assert without == {"facts", "pauses", "blob_frames", "key_log"} | of_all | of_the_gateway


def test_processes_that_migrate_at_once_do_it_once(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE racing")
    dsn = make_conninfo(postgres_server, dbname="racing")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        list(processes.map(migrate, [dsn] * 2))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone()[0] > "0001"
        assert connection.execute(
            "SELECT attstorage FROM pg_attribute WHERE attrelid = 'blob_frames'::regclass AND attname = 'data'"
        ).fetchone() == ("e",)


async def test_an_owner_who_may_not_make_roles_still_gets_evidence_that_only_grows(postgres_server, postgres_migrated):
    """A database server of somebody else: no right to make or take roles; the trigger stands alone."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("CREATE DATABASE plain OWNER plain")
    dsn = make_conninfo(postgres_server, dbname="plain", user="plain")
    await asyncio.to_thread(migrate, dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.execute("SELECT pg_has_role('ozg_gateway_service', 'MEMBER')").fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM evidence")
    database = await Database.open(dsn, size=1)
    row = await database.one(numbered("SELECT current_user::text AS name"))
    await database.close()
    assert dict(row or {}) == {"name": "plain"}, "whoever may not take the role works under his own"


def test_a_release_older_than_the_schema_refuses_to_start_with_the_way_out(postgres_dsn):
    newest = known()[0]
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(SchemaNewer) as refused:
            migrate(postgres_dsn)
    finally:
        with psycopg.connect(postgres_dsn, autocommit=True) as owner:
            owner.execute("UPDATE alembic_version SET version_num = %s", [newest])
    for language in ("de", "en"):
        assert {"9999", newest} <= set(re.findall(r"\d{4}", refused.value.sentence(language)))
    assert exit_code(refused.value) == 2


def test_schemas_are_known_by_their_files_as_alembic_chains_them():
    assert known() == running.revisions()


def test_a_role_that_may_make_no_tables_is_told_what_it_needs(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE ROLE poor LOGIN")
        connection.execute("CREATE DATABASE poor")
    with pytest.raises(DatabaseNotAllowed) as refused:
        migrate(make_conninfo(postgres_server, dbname="poor", user="poor"))
    assert "OWNER TO" in refused.value.sentence("de")
    assert exit_code(refused.value) == 2


def test_a_database_that_cannot_be_reached_is_a_sentence_with_the_reason(postgres_server):
    with pytest.raises(DatabaseAway) as away:
        migrate(make_conninfo(postgres_server, dbname="nowhere"))
    assert "nowhere" in away.value.findings[0].de
    assert exit_code(away.value) == 4


@pytest.mark.parametrize("url", ["mysql://role:geheim@host/base", "geheim", "postgresql://[role:geheim"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsInvalid) as refused:
        migrate(url)
    (one,) = refused.value.findings
    assert (one.pointer, one.rule) == ("database.url", "database_address")
    assert "geheim" not in f"{refused.value} {one.de} {one.en}"


def test_a_database_server_too_old_is_refused(postgres_dsn, monkeypatch):
    monkeypatch.setattr(migrations, "LEAST_MAJOR", 99)
    with pytest.raises(DatabaseTooOld, match=r"PostgreSQL \d\d; 99"):
        migrate(postgres_dsn)


BREAKING = re.compile(
    r"DROP (TABLE|COLUMN|FUNCTION|SCHEMA)|RENAME|SET NOT NULL|ALTER COLUMN \w+ TYPE|DELETE FROM|TRUNCATE"
    r"|ADD COLUMN (?:(?!ADD COLUMN|DEFAULT)[^;\"])*NOT NULL(?! DEFAULT)"
)


def test_migrations_only_add_so_that_processes_of_the_release_before_go_on():
    found = {}
    for file in (Path(migrations.__file__).parent / "versions").glob("[0-9]*"):
        if not file.name.startswith("0001") and file.suffix in {".py", ".sql"}:
            statements = re.sub(r"--.*|BEFORE [A-Z ]*TRUNCATE", "", file.read_text(encoding="utf-8"))
            if match := BREAKING.search(statements):
                found[file.name] = match[0]
    assert found == {}, "split it: one release adds and stops using, the next takes away"


def test_what_would_break_them_is_found():
    for statement in (
        "ALTER TABLE a DROP COLUMN b",
        "ALTER TABLE a ADD COLUMN b TEXT NOT NULL",
        "ALTER COLUMN x TYPE y",
    ):
        assert BREAKING.search(statement)
    assert not BREAKING.search("ALTER TABLE a ADD COLUMN b INTEGER NOT NULL DEFAULT 1")
