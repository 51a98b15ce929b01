"""Connections: addresses in both forms, TLS that is asked for, what is lent after a failure, errors without values."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from psycopg.conninfo import conninfo_to_dict

from gateway.errors import DatabaseAway, InternalError, SettingsInvalid
from gateway.store.connection import database as db
from gateway.store.connection import pool
from gateway.store.connection.address import arguments
from gateway.store.connection.database import Database, numbered
from gateway.store.connection.silence import SILENT_MS

PID = numbered("SELECT pg_backend_pid() AS pid")
SHOWN = numbered("SELECT current_setting(name) AS value FROM unnest(%(names)s::text[]) AS name")
SLEEP = numbered("SELECT pg_sleep(20)")
BUSY = numbered(
    "SELECT count(*) AS number FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
)


@pytest.fixture
async def one(postgres_migrated):
    """A pool of one connection, so that the next statement gets the one before's."""
    opened = await Database.open(postgres_migrated, size=1, name="gateway test")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """PEM file of key and self-signed certificate for localhost."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "database.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


@asynccontextmanager
async def over_tls(dsn, certificate):
    """The server behind TLS on loopback, as PostgreSQL itself offers it; tells the port and the names asked for."""
    context, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: asked.append(name)
    place = Path(conninfo_to_dict(dsn)["host"]) / ".s.PGSQL.5432"

    async def copied(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def serve(reader, writer):
        assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # SSLRequest
        writer.write(b"S")
        try:
            await writer.start_tls(context)
            inner_reader, inner_writer = await asyncio.open_unix_connection(place)
            await asyncio.gather(copied(reader, inner_writer), copied(inner_reader, writer))
        except OSError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def owner(dsn, sql):
    """The first value, asked by the owner, who may see and end what others do."""

    def ask():
        with psycopg.connect(dsn, autocommit=True) as connection:
            return connection.execute(sql).fetchone()[0]

    return await asyncio.to_thread(ask)


async def asleep(dsn):
    """How many statements sleep at the server."""
    return await owner(dsn, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


async def test_every_session_has_its_limits_its_zone_and_its_name(one):
    names = [*(name for name in db.SESSION if not name.startswith("tcp_")), "application_name"]
    rows = await one.rows(SHOWN, names=names)
    shown = dict(zip(names, (row["value"] for row in rows), strict=True))
    assert shown == {
        "statement_timeout": "20s",
        "lock_timeout": "4s",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
        "application_name": "gateway test",
    }


async def test_an_address_with_a_certificate_authority_is_verified(postgres_migrated, certificate):
    async with over_tls(postgres_migrated, certificate) as (port, asked):
        url = f"postgresql://gateway@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={certificate}"
        opened = await Database.open(url, size=1)
        assert await opened.one(PID)
        assert set(asked) == {"localhost"}
        async with opened.connection() as connection:
            line = connection._transport.get_extra_info("socket")
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT_MS
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        await opened.close()


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
async def test_a_server_that_another_authority_certified_gets_no_password(
    postgres_migrated, certificate, mode, monkeypatch
):
    monkeypatch.setattr(pool, "PATIENCE", 0.3)
    foreign = certificate.parent / "foreign.pem"
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere")]),
    )
    now = datetime.now(UTC)
    other = x509.CertificateBuilder(name, name, key.public_key(), 2, now - timedelta(days=1), now + timedelta(days=1))
    foreign.write_bytes(other.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    async with over_tls(postgres_migrated, certificate) as (port, _):
        with pytest.raises(DatabaseAway):
            await Database.open(
                f"postgresql://gateway:secret@localhost:{port}/postgres?sslmode={mode}&sslrootcert={foreign}", size=1
            )


def test_both_forms_of_an_address_mean_the_same():
    expected = {"user": "u", "password": "a b@c", "database": "d", "host": ["h1", "h2"], "port": [1, 2]}
    assert arguments("postgresql://u:a%20b%40c@h1:1,h2:2/d?connect_timeout=3&application_name=x") == expected
    assert arguments("host=h1,h2 port=1,2 user=u password='a b@c' dbname=d keepalives=1") == expected
    assert arguments("host=/run/db user=u") == {"user": "u", "host": ["/run/db"]}
    tls = arguments("host=h sslmode=verify-full sslrootcert='/a b/c.pem' channel_binding=prefer")
    assert tls == {"host": ["h"], "dsn": "postgresql:///?sslmode=verify-full&sslrootcert=%2Fa%20b%2Fc.pem"}


def test_what_the_driver_cannot_keep_is_refused_all_at_once_without_the_password():
    with pytest.raises(SettingsInvalid) as raised:
        arguments("postgresql://u:secret@h/d?channel_binding=require&hostaddr=192.0.2.1&sslrootcert=system")
    said = [finding.de for finding in raised.value.findings]
    assert {text.split()[2] for text in said} == {"channel_binding", "hostaddr", "sslrootcert=system"}
    with pytest.raises(SettingsInvalid) as raised:
        arguments("postgresql://u:secret@h/d?nonsense=secret")
    assert "secret" not in repr(raised.value.findings)


async def test_a_connection_that_the_server_closed_is_replaced_unnoticed(one, postgres_migrated):
    first = (await one.one(PID))["pid"]
    assert await owner(postgres_migrated, f"SELECT pg_terminate_backend({first}, 2000)")
    while not one._pool._idle[-1].is_closed():  # a server process gives up its place before its socket
        await owner(postgres_migrated, "SELECT true")
    assert (await one.one(PID))["pid"] != first


async def test_a_connection_that_ends_in_the_middle_is_away_and_the_next_works(one, postgres_migrated):
    pid = (await one.one(PID))["pid"]
    sleeping = asyncio.create_task(one.one(SLEEP))
    while not await asleep(postgres_migrated):
        pass
    assert await owner(postgres_migrated, f"SELECT pg_terminate_backend({pid}, 2000)")
    with pytest.raises(DatabaseAway):
        await sleeping
    assert (await one.one(PID))["pid"] != pid


async def test_a_cancelled_statement_ends_at_the_server_and_leaves_no_answer_behind(one, postgres_migrated):
    sleeping = asyncio.create_task(one.one(SLEEP))
    while not await asleep(postgres_migrated):
        pass
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert "pid" in (await asyncio.wait_for(one.one(PID), 10))
    assert not await asleep(postgres_migrated)


async def test_a_cancelled_transaction_leaves_nothing_and_a_clean_connection(one, postgres_migrated):
    put = numbered("INSERT INTO pauses (target, since) VALUES ('cancelled', now())")
    count = numbered("SELECT count(*) AS number FROM pauses WHERE target = 'cancelled'")
    written = asyncio.Event()

    async def half():
        async with one.transaction() as connection:
            await db.run(connection, put)
            written.set()
            await db.one(connection, SLEEP)

    task = asyncio.create_task(half())
    await written.wait()
    while not await asleep(postgres_migrated):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await one.one(count))["number"] == 0
    assert await one.run(put) == 1, "outside any transaction again"
    assert await one.run(numbered("DELETE FROM pauses WHERE target = 'cancelled'")) == 1


async def test_a_commit_that_the_server_turned_into_a_rollback_is_no_commit(one):
    async def careless():
        async with one.transaction() as connection:
            with suppress(InternalError):
                await db.one(connection, numbered("SELECT 1 / 0"))

    with pytest.raises(InternalError):
        await careless()


async def test_errors_keep_their_state_and_lose_their_values(one):
    with pytest.raises(InternalError) as raised:
        await one.one(numbered("SELECT %(value)s::text::integer"), value="Mustermann")
    assert raised.value.params["sqlstate"] == "22P02"
    assert "Mustermann" not in repr(raised.value) + str(raised.value)
    assert raised.value.__suppress_context__
    with pytest.raises(InternalError):
        await one.one(numbered("SELECT %(value)s::integer"), value="Mustermann")
    assert await one.one(PID), "the connection goes on"


async def test_who_finds_no_free_connection_is_told_so_and_an_old_one_is_not_lent_again(postgres_migrated, monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE", 0.2)
    monkeypatch.setattr(pool, "LIFETIME", -1.0)
    opened = await Database.open(postgres_migrated, size=1)
    async with opened.connection() as held:
        first = (await db.one(held, PID))["pid"]
        with pytest.raises(DatabaseAway):
            await opened.one(PID)
    monkeypatch.setattr(pool, "PATIENCE", 4.0)
    assert (await opened.one(PID))["pid"] != first
    await opened.close()


async def test_what_serves_has_opened_every_connection_before_the_first_caller(postgres_dsn):
    name = f"filled-{uuid4()}"
    opened = await Database.open(postgres_dsn, size=5, name=name)
    try:
        await opened.fill()
        count = numbered("SELECT count(*) AS number FROM pg_stat_activity WHERE application_name = %(name)s")
        assert (await opened.one(count, name=name))["number"] == 5
    finally:
        await opened.close()
