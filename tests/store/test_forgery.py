"""Somebody who may write everything in the database but lacks the key: nothing is signed on, everything is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import (
    EvidenceBroken,
    EvidenceKeyMissing,
    EvidenceKeyWrong,
    EvidenceShortened,
    EvidenceWitnessUnreadable,
)
from gateway.evidence import chain
from gateway.evidence import roots as forms
from gateway.evidence.roots import Newest
from gateway.keys.files import token_file
from gateway.model import State
from gateway.ports.store import Change, EvidenceEntry
from gateway.settings.gateway import Settings
from gateway.store.erasure.erased_list import ErasedList
from gateway.store.erasure.retention import Period
from gateway.store.operation import alarms
from gateway.store.proof import export, judging, roots
from gateway.store.proof.integrity import audit
from gateway.store.proof.judging import Guard
from gateway.store.proof.witness import WitnessFile
from gateway.wiring.evidence_signing import token_key, witness_file
from gateway.worker.evidence_check import EvidenceMonitor
from tests.store.conftest import new_submission

KEY = private_key(generate_ed25519("gateway-evidence-1")[0])
RECEIVED = EvidenceEntry("validated", {"valid": True})
SEALED = EvidenceEntry("sealed", {"destination_id": "d-1", "tags": {}})
SUBMITTED = EvidenceEntry("submitted", {"remote_id": "r-1"})
REJECTED = EvidenceEntry("event", {"type": "reject-submission", "issuer": "d-1", "verified": True, "token": "e.e.e"})


@pytest.fixture
def witness(tmp_path):
    return WitnessFile(tmp_path / "evidence.witness")


@pytest.fixture
async def rejected(store, clock):
    """A submission that the authority rejected; each of its steps was signed in its minute."""
    new = replace(new_submission(), evidence=(RECEIVED,))
    await store.create(new)
    it = new.submission
    for state, entry in ((State.SEALED, SEALED), (State.SUBMITTED, SUBMITTED), (State.REJECTED, REJECTED)):
        assert await roots.sign_due(store.database, KEY, clock.now()) == 1
        clock.advance(seconds=60)
        it = await store.commit(it.version, Change(replace(it, state=state), evidence=(entry,)))
    assert await roots.sign_due(store.database, KEY, clock.now()) == 1
    clock.advance(seconds=60)
    return it


def forge(dsn, *statements):
    with psycopg.connect(dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement, *values in statements:
            connection.execute(statement, values)


def rewritten(dsn, it, entries, at):
    """The whole chain made anew, every hash right."""
    links = chain.chained(entries, seq=0, head=chain.start(it.id), at=at)
    columns = "submission, municipality, seq, at, kind, body, prev, hash"
    add = f"INSERT INTO evidence ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    rows = [
        (add, it.id, it.municipality, link.seq, link.at, link.kind, link.body, link.prev, link.hash) for link in links
    ]
    move = "UPDATE submissions SET evidence_seq = %s, evidence_head = %s"
    forge(dsn, ("DELETE FROM evidence",), *rows, (move, len(links), links[-1].hash))


def cut_off(dsn, it):
    newest = "UPDATE submissions SET evidence_seq = 3, evidence_head = (SELECT hash FROM evidence WHERE seq = 3)"
    forge(
        dsn,
        ("DELETE FROM evidence WHERE seq = 4",),
        ("DELETE FROM evidence_leaves WHERE seq = 4",),
        (f"{newest}, state = 'expired'",),
    )


def cancelled(dsn, it):
    rewritten(
        dsn, it, [RECEIVED, SEALED, EvidenceEntry("cancelled", {"by": "portal", "from": "sealed"})], it.updated_at
    )
    forge(dsn, ("DELETE FROM evidence_leaves WHERE seq > 2",), ("UPDATE submissions SET state = 'cancelled'",))


def other_content(dsn, it):
    rewritten(
        dsn, it, [RECEIVED, SEALED, SUBMITTED, EvidenceEntry("event", {"type": "accept-submission"})], it.updated_at
    )


def dated_back(dsn, it):
    rewritten(dsn, it, [RECEIVED, SEALED, SUBMITTED, REJECTED], it.updated_at - timedelta(days=30))
    forge(dsn, ("UPDATE evidence_leaves SET head = (SELECT hash FROM evidence WHERE seq = evidence_leaves.seq)",))


def leaves_gone(dsn, it):
    forge(dsn, ("DELETE FROM evidence_leaves",))


def leaf_of_another(dsn, it):
    forge(dsn, ("UPDATE evidence_leaves SET submission = gen_random_uuid() WHERE seq = 2",))


def first_root_gone(dsn, it):
    forge(dsn, ("DELETE FROM evidence_roots WHERE no = 1",), ("DELETE FROM evidence_leaves WHERE root = 1",))


def middle_root_gone(dsn, it):
    forge(dsn, ("DELETE FROM evidence_roots WHERE no = 2",))


def newest_root_gone_leaves_stay(dsn, it):
    forge(dsn, ("DELETE FROM evidence_roots WHERE no = 4",))


def all_roots_gone(dsn, it):
    forge(dsn, ("DELETE FROM evidence_roots",))


def roots_swapped(dsn, it):
    forge(
        dsn,
        ("UPDATE evidence_roots SET no = 12 - no WHERE no IN (2, 3)",),
        ("UPDATE evidence_roots SET no = CASE no WHEN 10 THEN 3 ELSE 2 END WHERE no > 8",),
    )


def root_by_somebody_else(dsn, it):
    stranger = private_key(generate_ed25519("somebody")[0])
    with psycopg.connect(dsn) as connection:
        token, before = connection.execute(
            "SELECT token, (SELECT token FROM evidence_roots WHERE no = 3) FROM evidence_roots WHERE no = 4"
        ).fetchone()
    said = replace(forms.unproven(token), prev=forms.digest_of(before))
    forge(dsn, ("UPDATE evidence_roots SET token = %s WHERE no = 4", forms.sign(stranger, said)))


def token_garbled(dsn, it):
    forge(dsn, ("UPDATE evidence_roots SET token = 'x.y.z' WHERE no = 3",))


def chain_gone(dsn, it):
    forge(dsn, ("DELETE FROM evidence",), ("DELETE FROM submissions",))


FORGERIES = (
    cut_off, cancelled, other_content, dated_back, leaves_gone, leaf_of_another, first_root_gone, middle_root_gone,
    newest_root_gone_leaves_stay, all_roots_gone, roots_swapped, root_by_somebody_else, token_garbled, chain_gone,
)  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_nothing_is_handed_out_or_found_whole_after_a_forgery(store, rejected, postgres_dsn, forgery):
    assert (await audit(store, [KEY.public_jwk])).broken == []
    forgery(postgres_dsn, rejected)
    if forgery is not chain_gone:
        with pytest.raises(EvidenceBroken):
            await export.export(store.database, rejected.id, KEY, store.now())
    assert (await audit(store, [KEY.public_jwk])).broken


@pytest.mark.parametrize("forgery", [other_content, dated_back, cut_off, cancelled])
async def test_a_change_of_key_launders_nothing(store, rejected, postgres_dsn, forgery):
    forgery(postgres_dsn, rejected)
    new = private_key(generate_ed25519("gateway-evidence-2")[0])
    with pytest.raises(EvidenceBroken):
        await export.export(store.database, rejected.id, new, store.now(), Guard((KEY.public_jwk,)))
    assert (await audit(store, [new.public_jwk, KEY.public_jwk])).broken


async def test_the_minutes_root_is_signed_over_no_chain_that_leaves_what_was_covered(store, rejected, postgres_dsn):
    other_content(postgres_dsn, rejected)
    forge(
        postgres_dsn,
        ("UPDATE submissions SET version = version + 1",),
    )
    grown = await store.commit(rejected.version + 1, Change(rejected, evidence=(EvidenceEntry("erased", {}),)))
    sound = replace(new_submission("k-2"), evidence=(RECEIVED,))
    await store.create(sound)
    with pytest.raises(EvidenceBroken) as broken:
        await roots.sign_due(store.database, KEY, store.now())
    assert [each.pointer for each in broken.value.findings] == [f"{grown.id}#4"]
    signed = await roots.witnesses_of(store.database, sound.submission.id, KEY)
    assert [(each.no, each.seq) for each in signed] == [(5, 1)], "what is sound is signed all the same"


@pytest.mark.parametrize(
    "forgery", [newest_root_gone_leaves_stay, root_by_somebody_else, leaves_gone, all_roots_gone, middle_root_gone]
)
async def test_no_root_is_signed_on_after_one_that_is_broken(store, rejected, postgres_dsn, witness, forgery):
    witness.note(Newest(1, await digest_of_root(store, 1)))
    forgery(postgres_dsn, rejected)
    with pytest.raises((EvidenceBroken, EvidenceShortened)):
        await roots.sign_due(store.database, KEY, store.now(), Guard(witness=witness))


async def digest_of_root(store, no):
    [row] = await store.database.rows(judging._ROOT, no=no)
    return forms.digest_of(row["token"])


async def test_roots_cut_off_with_all_they_cover_show_by_the_witness(store, rejected, postgres_dsn, witness):
    guard = Guard(witness=witness)
    await roots.sign_due(store.database, KEY, store.now(), guard)
    assert witness.read() == await judging.newest(store.database)
    forge(
        postgres_dsn,
        ("DELETE FROM evidence_roots WHERE no = 4",),
        ("DELETE FROM evidence_leaves WHERE root = 4",),
    )
    cut_off(postgres_dsn, rejected)
    for attempt in (
        lambda: roots.sign_due(store.database, KEY, store.now(), guard),
        lambda: export.export(store.database, rejected.id, KEY, store.now(), guard),
        lambda: judging.settle(store.database, KEY, guard, "token.jwk"),
    ):
        with pytest.raises(EvidenceShortened) as told:
            await attempt()
        assert (told.value.params["known"], told.value.params["there"]) == (4, 3)
    found = await audit(store, [KEY.public_jwk], witness.read())
    assert "root 4" in found.broken
    await export.export(store.database, rejected.id, KEY, store.now())  # a fourth root of another content
    with pytest.raises(EvidenceShortened):
        await judging.settle(store.database, KEY, guard, "token.jwk")
    witness.accept(await judging.newest(store.database), "replica taken over", store.now())
    await judging.settle(store.database, KEY, guard, "token.jwk")
    assert re.search(r'"why": "replica taken over", "before": \{"no": 4', witness.path.read_text())


async def test_a_key_that_signed_nothing_here_is_refused_unless_the_old_one_is_published(store, rejected):
    new = private_key(generate_ed25519("gateway-evidence-2")[0])
    with pytest.raises(EvidenceKeyWrong):
        await judging.settle(store.database, new, Guard(), "token.jwk")
    await judging.settle(store.database, new, Guard((KEY.public_jwk,)), "token.jwk")


async def test_a_state_that_contradicts_its_chain_is_told(store, rejected, postgres_dsn):
    for state in ("accepted", "expired", "cancelled", "submitted", "held", "received"):
        forge(postgres_dsn, ("UPDATE submissions SET state = %s", state))
        assert (await audit(store, [KEY.public_jwk])).broken == [f"state {rejected.id}"]


async def test_a_submission_that_is_gone_without_an_erasure_is_told(store, rejected, postgres_dsn):
    forge(postgres_dsn, ("DELETE FROM submissions",))
    assert (await audit(store, [KEY.public_jwk])).broken == [f"submission {rejected.id}"]


async def test_keys_and_events_put_in_place_of_others_are_told(store, rejected, postgres_dsn):
    await store.keep_key(KEY.public_jwk)
    forge(
        postgres_dsn,
        ('UPDATE evidence_keys SET jwk = \'{"kty":"OKP"}\'',),
        ('UPDATE submissions SET events = \'[{"token": "f.f.f", "verified": true}]\'',),
    )
    broken = (await audit(store, [KEY.public_jwk])).broken
    assert [each.split()[0] for each in broken] == ["events", "key"]


async def test_broken_evidence_raises_an_alarm_that_ends_once_it_is_whole_again(store, rejected, postgres_dsn, witness):
    watch = EvidenceMonitor(store, KEY, Guard(witness=witness), store)
    await watch.sign()
    assert (await watch.look()).broken == []
    assert await watch.look() is None, "once a day"
    forge(postgres_dsn, ("UPDATE evidence_leaves SET seq = seq + 10 WHERE root = 4",))
    await watch.sign()
    assert await told(store) == ["signing"]
    assert (await EvidenceMonitor(store, KEY, Guard(witness=witness), store).look()).broken
    assert await told(store) == ["nightly", "signing"]
    forge(postgres_dsn, ("UPDATE evidence_leaves SET seq = seq - 10 WHERE root = 4",))
    assert (await EvidenceMonitor(store, KEY, Guard(witness=witness), store).look()).broken == []
    assert await told(store) == []


async def told(store):
    rows = await alarms.open_alarms(store.database)
    return sorted(row["subject"] for row in rows if row["rule"] == "evidence_broken")


async def test_an_erased_submission_that_is_forgotten_stays_whole(store, rejected, clock, tmp_path):
    retention = store.retention(ErasedList(tmp_path / "erased.jsonl"))
    assert await retention.erase(rejected.id, "retention")
    clock.advance(days=4000)
    assert await retention.run(Period(rejected.municipality, None, 3650)) == 1
    assert await roots.sign_due(store.database, KEY, clock.now()) == 1
    assert (await audit(store, [KEY.public_jwk])).broken == []


def test_a_witness_knows_no_older_root_and_a_damaged_one_is_told(witness):
    assert witness.read() == forms.NOTHING
    witness.note(Newest(3, "c" * 64))
    witness.note(Newest(2, "b" * 64))
    assert witness.read() == Newest(3, "c" * 64)
    assert witness.path.stat().st_mode & 0o077 == 0
    for content in ("", "{", "[]", '{"no": "x", "sha256": "", "accepted": []}', "[" * 100_000):
        witness.path.write_text(content)
        with pytest.raises(EvidenceWitnessUnreadable):
            witness.read()


def test_no_new_key_is_made_where_this_machine_knows_of_evidence(tmp_path):
    values = Settings(data_dir=tmp_path)
    first = token_key(values)
    token_file(values).unlink()
    assert token_key(values).kid != first.kid, "nothing was signed yet"
    token_file(values).unlink()
    witness_file(values).note(Newest(1, "a" * 64))
    with pytest.raises(EvidenceKeyMissing):
        token_key(values)
    assert not token_file(values).exists()
