"""Evidence in the database: it only grows, roots cover it, and what was tampered with is not handed out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from gateway.crypto import jws
from gateway.crypto.keys import digest, generate_ed25519, private_key
from gateway.errors import EvidenceBroken, EvidenceTooLarge, InternalError, NotFound
from gateway.evidence import archive, chain, container
from gateway.evidence import roots as forms
from gateway.evidence.verify import verify
from gateway.fitconnect import events, wire
from gateway.fitconnect.limits import LIMITS
from gateway.model import State
from gateway.outbound.answer import Answer
from gateway.ports.store import Change, EvidenceEntry
from gateway.store.connection.database import numbered
from gateway.store.proof import export, roots
from gateway.store.proof.chains import keys_of
from gateway.store.proof.judging import Guard
from gateway.submission import journey
from tests.store.conftest import new_submission

TABLES = ("evidence", "evidence_keys", "evidence_roots", "evidence_leaves", "evidence_stamps")
CHECKED = EvidenceEntry("validated", {"schema_uri": "urn:schema", "valid": True, "rules": []})


@pytest.fixture(scope="module")
def key():
    return private_key(generate_ed25519("gateway-evidence-1")[0])


@pytest.fixture
def kept(store):
    """Take a submission in whose evidence needs no signatures of others."""

    async def keep(name="k-1"):
        new = replace(new_submission(name), evidence=(CHECKED,))
        await store.create(new)
        return new.submission

    return keep


async def grow(store, it, version=1, **body):
    return await store.commit(version, Change(submission=it, evidence=(EvidenceEntry("e", body),)))


def all_roots(dsn):
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT token FROM evidence_roots ORDER BY no").fetchall()
    return [token for (token,) in found]


def tamper(dsn, *statements):
    """As somebody with all rights on the database, past role and triggers."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement, *values in statements:
            connection.execute(statement, values)


async def test_the_services_role_can_add_to_evidence_and_nothing_else(store, kept, clock, key, postgres_dsn):
    it = await kept()
    await store.keep_key(key.public_jwk)
    await roots.sign_due(store.database, key, clock.now())
    for table in TABLES:
        column = {"evidence_keys": "jwk", "evidence": "kind"}.get(table, "no" if table != "evidence_stamps" else "at")
        for sql in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}",
                    f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"DROP TABLE {table}"):  # fmt: skip
            with pytest.raises(InternalError) as refused:
                await store.database.run(numbered(sql))
            assert refused.value.params["sqlstate"] == "42501", sql
    assert len(await store.evidence_of(it.id)) == 1
    with psycopg.connect(postgres_dsn) as connection:  # the owner, past the role: the trigger still refuses
        for table in TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"DELETE FROM {table}")


async def test_the_jobs_connections_work_under_that_role_too(postgres_dsn, store):
    from gateway.store.operation import jobs  # noqa: PLC0415 - the engine is slow to import

    async def advance(_):
        return None

    app = jobs.build_app(postgres_dsn, advance)
    async with app.open_async():
        row = await app.connector.execute_query_one_async("SELECT current_user::text AS name")
    assert row["name"] == "ozg_gateway_service"


async def test_each_minute_one_root_covers_the_heads_that_changed(store, kept, clock, key, postgres_dsn):
    first, second = await kept("k-1"), await kept("k-2")
    assert await roots.sign_due(store.database, key, clock.now()) == 2
    first = await grow(store, first)
    assert await roots.sign_due(store.database, key, clock.now()) == 0, "within the minute"
    clock.advance(seconds=60)
    assert await roots.sign_due(store.database, key, clock.now()) == 1
    clock.advance(seconds=60)
    assert await roots.sign_due(store.database, key, clock.now()) == 0, "nothing is new"
    one, two = (forms.read(jws.verify(token, key.key.public_key(), alg="EdDSA")) for token in all_roots(postgres_dsn))
    assert (one.no, one.leaves, two.no, two.leaves) == (1, 2, 2, 1)
    assert two.prev == forms.digest_of(all_roots(postgres_dsn)[0])
    seqs = [(w.no, w.seq) for w in await roots.witnesses_of(store.database, first.id, key)]
    assert seqs == [(1, 1), (2, 2)]
    assert [w.seq for w in await roots.witnesses_of(store.database, second.id, key)] == [1]


async def test_workers_that_sign_at_once_make_one_root(store, kept, clock, key, postgres_dsn):
    await kept()
    signed = await asyncio.gather(*(roots.sign_due(store.database, key, clock.now()) for _ in range(4)))
    assert sorted(signed) == [0, 0, 0, 1]
    assert len(all_roots(postgres_dsn)) == 1


async def test_an_entry_of_a_transaction_that_ends_late_is_not_passed_over(store, kept, clock, key, postgres_dsn):
    late = uuid4()
    [link] = chain.chained([EvidenceEntry("e", {})], seq=0, head=chain.start(late), at=clock.now())
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(
            "INSERT INTO evidence (submission, seq, municipality, at, kind, body, prev, hash) "
            "VALUES (%s, 1, '150900546546', %s, 'e', '{}', %s, %s)",
            [late, link.at, link.prev, link.hash],
        )
        await kept()
        await roots.sign_due(store.database, key, clock.now())
        connection.commit()
    clock.advance(seconds=60)
    assert await roots.sign_due(store.database, key, clock.now()) >= 1
    assert [w.seq for w in await roots.witnesses_of(store.database, late, key)] == [1]


async def test_heads_are_covered_after_the_databases_transaction_numbers_went_back(
    store, kept, clock, key, postgres_dsn
):
    """As after a restore into another server: the last root's horizon lies in the future."""
    it = await kept()
    await roots.sign_due(store.database, key, clock.now())
    tamper(postgres_dsn, ("UPDATE evidence_roots SET horizon = 1::bigint << 60",))
    await grow(store, it)
    clock.advance(seconds=60)
    assert await roots.sign_due(store.database, key, clock.now()) == 1


async def test_more_heads_than_a_root_takes_get_several(store, kept, key, postgres_dsn, monkeypatch):
    monkeypatch.setattr(roots, "MOST_ENTRIES", 2)
    for number in range(5):
        await kept(f"k-{number}")
    assert await roots.sign_due(store.database, key, store.now()) == 5
    assert len(all_roots(postgres_dsn)) == 3


async def test_an_export_does_not_wait_and_does_not_put_the_minute_off(store, kept, clock, key, postgres_dsn):
    it, other = await kept("k-1"), await kept("k-2")
    packed, verdict = await export.export(store.database, it.id, key, clock.now())
    assert verdict.ok
    assert verify(packed, [key.public_jwk]).entries == 1
    assert len(all_roots(postgres_dsn)) == 1
    await export.export(store.database, it.id, key, clock.now())
    assert len(all_roots(postgres_dsn)) == 1, "covered already"
    assert await roots.sign_due(store.database, key, clock.now()) == 1
    assert [w.seq for w in await roots.witnesses_of(store.database, other.id, key)] == [1]


async def test_an_export_after_the_key_changed_stands_under_the_new_key_alone(store, kept, clock, key):
    it = await kept()
    await export.export(store.database, it.id, key, clock.now())
    new = private_key(generate_ed25519("gateway-evidence-2")[0])
    with pytest.raises(EvidenceBroken):
        await export.export(store.database, it.id, new, clock.now())
    packed, _ = await export.export(store.database, it.id, new, clock.now(), Guard((key.public_jwk,)))
    assert verify(packed, [new.public_jwk]).ok
    assert not verify(packed, [key.public_jwk]).ok


async def test_what_does_not_exist_has_no_evidence(store, clock, key):
    with pytest.raises(NotFound):
        await export.export(store.database, uuid4(), key, clock.now())


async def test_entries_rewritten_in_the_database_with_every_hash_recomputed_are_not_handed_out(
    store, kept, clock, key, postgres_dsn
):
    it = await kept()
    await roots.sign_due(store.database, key, clock.now())
    [forged] = chain.chained(
        [EvidenceEntry("validated", {**CHECKED.body, "valid": False})], seq=0, head=chain.start(it.id), at=clock.now()
    )
    rewrite = "UPDATE evidence SET body = %s, hash = %s WHERE submission = %s"
    tamper(postgres_dsn, (rewrite, forged.body, forged.hash, it.id))
    assert chain.broken_at(await store.evidence_of(it.id), it.id) is None, "by itself the chain is sound"
    with pytest.raises(EvidenceBroken) as broken:
        await export.export(store.database, it.id, key, clock.now())
    assert broken.value.findings[0].pointer == "chain.jsonl:1"
    tamper(postgres_dsn, ("UPDATE evidence_leaves SET head = %s", forged.hash))
    with pytest.raises(EvidenceBroken) as broken:
        await export.export(store.database, it.id, key, clock.now())
    assert broken.value.findings[0].pointer == "roots/1.jws"


async def test_a_chain_whose_end_was_cut_off_in_the_database_is_not_handed_out(store, kept, clock, key, postgres_dsn):
    it = await kept()
    await grow(store, it, told="much")
    await roots.sign_due(store.database, key, clock.now())
    tamper(postgres_dsn, ("DELETE FROM evidence WHERE seq = 2",))
    with pytest.raises(EvidenceBroken) as broken:
        await export.export(store.database, it.id, key, clock.now())
    assert broken.value.findings[0].pointer == "chain.jsonl:2"


async def test_roots_signed_by_somebody_else_are_not_handed_out(store, kept, clock, key, postgres_dsn):
    """A forger with the database signs a root with a key of his own and files it under the gateway's."""
    it = await kept()
    stranger = private_key(generate_ed25519("gateway-evidence-1")[0])
    await roots.sign_due(store.database, stranger, clock.now())
    tamper(postgres_dsn, ("UPDATE evidence_roots SET key = %s", digest(key.public_jwk)))
    with pytest.raises(EvidenceBroken) as broken:
        await export.export(store.database, it.id, key, clock.now())
    assert broken.value.findings[0].pointer == "roots/1.jws"


async def test_keys_are_kept_once_and_only_their_public_members(store, key, postgres_dsn):
    jwk = {**key.public_jwk, "d": "secret", "note": "x" * 1000}
    await store.keep_key(jwk)
    await store.keep_key(jwk)
    [(name, found)] = (await keys_of(store.database, [digest(jwk)])).items()
    assert found == dict(key.public_jwk)
    assert name == digest(key.public_jwk)
    tamper(postgres_dsn, ('UPDATE evidence_keys SET jwk = \'{"kty":"OKP"}\'',))
    assert await keys_of(store.database, [name]) == {}


async def test_a_members_bytes_are_those_that_were_hashed(store, kept, clock, key):
    it = await kept()
    await grow(store, it, text="Müßig \u2028 \x7f", number=1.5, nothing=None)
    packed, _ = await export.export(store.database, it.id, key, clock.now() + timedelta(hours=1))
    lines = container.unpack(packed)[archive.CHAIN].decode().removesuffix("\n").split("\n")
    assert tuple(chain.read(line) for line in lines) == await store.evidence_of(it.id)


async def test_a_foreign_key_with_odd_members_is_kept_all_the_same(store, key):
    odd = b',"x":"\\u0000\\ud800","y":1e999,"crv":1%b,"more\\u0000":"\\udfff"}' % (b"0" * 400)
    raw = json.dumps(dict(key.public_jwk) | {"kid": "odd"}).encode().replace(b'"x"', b'"x5c"')
    jwk = wire.key(Answer(200, {}, raw[:-1] + odd, "peer.example"))
    await store.keep_key(jwk)
    kept = await keys_of(store.database, [digest(jwk)])
    assert kept[digest(jwk)]["kid"] == "odd"


async def test_what_no_database_holds_in_an_event_log_is_stored_as_what_it_can(store, kept, clock):
    it = await kept()
    raw = b'{"eventLog":["a\\u0000.b.c","\\ud800.b.c"],"totalCount":2}'
    expected = events.ExpectedEvent(str(uuid4()), str(uuid4()), str(uuid4()), frozenset(), {})
    log = events.prove(wire.events(Answer(200, {}, raw, "peer.example")).tokens, expected, {})
    submitted = replace(it, state=State.SUBMITTED, submitted_at=clock.now())
    change = journey.observed(submitted, log, clock.now(), LIMITS)
    row = await store.commit(1, change)
    assert [one.token for one in row.events] == ["a\ufffd.b.c", "\ufffd.b.c"]
    assert (await store.load(it.id)).events == row.events


async def test_a_thousand_refused_events_of_an_older_release_leave_the_evidence_exportable(store, kept, clock, key):
    it = await kept()
    body = {"type": "accept-submission", "issuer": "x", "verified": False, "at": "t", "token": "a.b.c", "key": ""}
    await store.commit(1, Change(submission=it, evidence=tuple(EvidenceEntry("event", body) for _ in range(1500))))
    packed, verdict = await export.export(store.database, it.id, key, clock.now())
    assert (verdict.ok, verdict.entries) == (True, 1501)
    assert verify(packed, [key.public_jwk]).ok


async def test_more_than_an_archive_holds_is_said_to_be_so_and_not_to_be_damaged(store, kept, clock, key, monkeypatch):
    it = await kept()
    large = (1 << 20) * "x"
    await store.commit(1, Change(submission=it, evidence=tuple(EvidenceEntry("e", {"x": large}) for _ in range(33))))
    with pytest.raises(EvidenceTooLarge) as large_one:
        await export.export(store.database, it.id, key, clock.now())
    assert large_one.value.params["entries"] == 34
    monkeypatch.setattr("gateway.evidence.verify.MOST_ENTRIES", 33)
    with pytest.raises(EvidenceTooLarge):
        await export.export(store.database, it.id, key, clock.now())
