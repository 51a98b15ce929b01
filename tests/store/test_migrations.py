"""Migrating yields what `tables.py` declares."""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.pool import NullPool

from gateway.store.database import Database, numbered
from gateway.store.migrations import migrate
from gateway.store.tables import Xid8, metadata


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
    assert without == {"facts", "pauses", "blob_frames", "key_log"} | of_all  # a frame is part of its blob's row


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
    assert row == {"name": "plain"}, "whoever may not take the role works under his own"
