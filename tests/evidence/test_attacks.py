"""Who can write archives or the database, but lacks the gateway's key, convinces nobody who brings that key."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace

import pytest

from gateway.crypto import jws
from gateway.evidence import archive, chain, container
from gateway.evidence.archive import CHAIN, MANIFEST, OUR_KEYS, PROOFS, SIGNATURE
from gateway.evidence.verify import verify
from gateway.ports.store import EvidenceEntry

ACCEPTED, REJECTED = "accept-submission", "reject-submission"


def judged(members, key=None):
    return verify(container.pack(members), [key.public_jwk] if key else None)


def rules(verdict):
    return {(finding.pointer, finding.rule) for finding in verdict.findings}


def forged(members, **changed):
    """The members with some replaced and the manifest's digests recomputed; its signature cannot be."""
    members = {**members, **changed}
    manifest = json.loads(members[MANIFEST])
    manifest["members"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if name not in {MANIFEST, SIGNATURE}
    }
    manifest["entries"] = members[CHAIN].count(b"\n")
    return {**members, MANIFEST: archive.json_bytes(manifest)}


def test_a_genuine_archive_holds_and_says_whose_keys_it_was_judged_by(case, members, gateway_key):
    given, alone = judged(members, gateway_key), judged(members)
    assert given.as_json() == {
        "ok": True, "submission_id": str(case.id), "entries": 8, "broken_at": None, "trust": "given",
    }  # fmt: skip
    assert alone.ok
    assert alone.trust == "from_archive"


def test_the_archive_holds_what_the_architecture_lists(case, members):
    assert members["receipt.jws"].decode() == case.entries[0].body["receipt"]
    assert json.loads(members["tags.json"]) == case.entries[2].body["tags"]
    assert json.loads(members["validation.json"])["valid"] is True
    sets = [content.decode() for name, content in sorted(members.items()) if name.startswith("events/")]
    assert sets == case.tokens
    kids = {jwk["kid"] for jwk in json.loads(members["keys/fitconnect.json"])["keys"]}
    assert kids == {"delivery-key-1", "authority-key-1"}
    assert {PROOFS, "roots/1.jws", "nachweis.html", MANIFEST, SIGNATURE} <= members.keys()


def test_every_changed_byte_of_every_member_is_found(members, gateway_key):
    for name, content in members.items():
        size = len(content)
        for place in {0, 1, size // 5, size // 3, size // 2, size * 4 // 5, size - 2, size - 1}:
            for flip in (0x01, 0x20):
                changed = bytearray(content)
                changed[place] ^= flip
                assert not judged({**members, name: bytes(changed)}, gateway_key).ok, (name, place, flip)


def test_white_space_and_line_ends_count_too(members, gateway_key):
    for name, content in members.items():
        for changed in (content + b"\n", content + b" ", b" " + content, content[:-1], content.replace(b",", b", ", 1)):
            if changed != content:
                assert not judged({**members, name: changed}, gateway_key).ok, name


def test_a_missing_or_an_added_member_is_found(members, gateway_key):
    for name in members:
        verdict = judged({other: content for other, content in members.items() if other != name}, gateway_key)
        assert not verdict.ok, name
    assert rules(judged({**members, "events/99-more.jwt": b"x"}, gateway_key)) == {("events/99-more.jwt", "unlisted")}


def test_the_first_broken_entry_is_named(members, gateway_key):
    lines = members[CHAIN].splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"valid":true', b'"valid":null')
    verdict = judged(forged(members, **{CHAIN: b"".join(lines)}), gateway_key)
    assert verdict.as_json()["broken_at"] == "chain.jsonl:2"


def test_rewriting_entries_and_recomputing_every_hash_is_found(case, members, gateway_key):
    """Whoever rewrites the result of the check, all hashes after it, every derived file and all digests."""
    entries = list(case.entries)
    entries[1] = EvidenceEntry("validated", {**entries[1].body, "valid": False})
    links = case.links(tuple(entries))
    rewritten = {CHAIN: "".join(link.line() + "\n" for link in links).encode(), **archive.derived(links)}
    assert chain.broken_at(links, case.id) is None, "by itself the chain is sound"
    verdict = judged(forged(members, **rewritten), gateway_key)
    assert rules(verdict) == {(PROOFS, "path"), (SIGNATURE, "signature")}
    assert verdict.as_json()["broken_at"] == PROOFS
    assert not judged(forged(members, **rewritten)).ok, "also by the keys in the archive"


@pytest.mark.parametrize("which", [5, 6, 7])
def test_sets_swapped_between_submissions_are_found_even_if_the_gateway_itself_signs(case, other_case, which):
    """The strongest form: chain, roots and manifest are made anew with the right key; only the SET is another's."""
    entries = list(case.entries)
    entries[which] = other_case.entries[which]
    verdict = judged(case.members(case.dossier(tuple(entries))), case.gateway)
    assert (f"{CHAIN}:{which + 1}", "set_rule") in rules(verdict)
    assert verdict.as_json()["broken_at"].startswith(CHAIN)


def test_files_of_sets_swapped_in_the_archive_are_found(case, other_case, members, gateway_key):
    [name] = [name for name in members if name.endswith("accept-submission.jwt")]
    swapped = forged(members, **{name: other_case.tokens[2].encode()})
    assert (name, "derived") in rules(judged(swapped, gateway_key))


def test_a_whole_chain_of_another_submission_is_found(case, other_case):
    """Renaming: the other's entries under this id, its roots and all, signed anew."""
    dossier = replace(other_case.dossier(), submission=case.id)
    verdict = judged(case.members(dossier), case.gateway)
    assert (f"{CHAIN}:1", "link") in rules(verdict)
    assert (f"{CHAIN}:1", "receipt") in rules(verdict)
    assert (PROOFS, "path") in rules(verdict)


def test_cutting_the_end_off_is_found(case, gateway_key):
    """Without the acceptance, with the genuine older root over the rest, every digest recomputed."""
    whole = case.members(case.dossier(signed_at=(7,)))
    assert judged(whole, gateway_key).ok
    lines = whole[CHAIN].splitlines(keepends=True)[:7]
    proofs = json.loads(whole[PROOFS])[:1]
    dropped = {"roots/2.jws", "events/08-accept-submission.jwt"}
    rest = {name: content for name, content in whole.items() if name not in dropped}
    cut = {CHAIN: b"".join(lines), PROOFS: archive.json_bytes(proofs)}
    assert rules(judged(forged(rest, **cut), gateway_key)) == {(SIGNATURE, "signature")}
    assert judged({**rest, **cut}, gateway_key).as_json()["broken_at"] == f"{CHAIN}:8"
    unchanged = judged({**whole, CHAIN: cut[CHAIN]}, gateway_key)
    assert (f"{CHAIN}:8", "count") in rules(unchanged)


def test_an_archive_whose_last_entry_no_root_covers_does_not_hold(case):
    dossier = case.dossier(signed_at=(7,))
    uncovered = replace(dossier, witnesses=dossier.witnesses[:1])
    assert (PROOFS, "uncovered") in rules(judged(case.members(uncovered), case.gateway))


def test_own_keys_convince_nobody_who_brings_the_right_ones(case, stranger):
    """All is signed anew with a key of the forger's under the same kid; alone it says that it vouches for itself."""
    members = case.members(case.dossier(key=stranger), key=stranger)
    alone = judged(members)
    assert (alone.ok, alone.trust) == (True, "from_archive")
    verdict = judged(members, case.gateway)
    assert rules(verdict) == {("roots/1.jws", "signature"), (SIGNATURE, "signature")}
    assert verdict.as_json()["broken_at"] == "roots/1.jws"


def test_a_forged_event_is_found_however_well_the_rest_is_signed(case, gateway_key):
    """The gateway's own key cannot make the authority say something: the SET must be the authority's."""
    own = replace(case.authority, key=replace(case.service.key, kid=case.authority.key.kid))
    claims = {"events": {"https://schema.fitko.de/fit-connect/events/reject-submission": {"problems": []}}}
    case_of_forger = object.__new__(type(case))
    case_of_forger.__dict__ = {**case.__dict__, "authority": own}
    token = case_of_forger.event(REJECTED, **claims)
    entries = (*case.entries[:7], case.kept(token))
    verdict = judged(case.members(case.dossier(entries)), gateway_key)
    assert (f"{CHAIN}:8", "set_signature") in rules(verdict)


def test_an_entry_that_claims_more_than_its_event_says_is_found(case):
    told = case.entries[7].body
    assert told["type"] == ACCEPTED
    entries = (*case.entries[:7], EvidenceEntry("event", {**told, "type": REJECTED}))
    verdict = judged(case.members(case.dossier(entries)), case.gateway)
    assert (f"{CHAIN}:8", "set_content") in rules(verdict)


def test_a_key_that_no_entry_named_is_of_no_use(case, members, gateway_key):
    """Another public key in the archive under the digest of the right one is left out."""
    keys = json.loads(members["keys/fitconnect.json"])
    keys["keys"][1]["n"] = keys["keys"][0]["n"]
    verdict = judged(forged(members, **{"keys/fitconnect.json": archive.json_bytes(keys)}), gateway_key)
    assert (OUR_KEYS, "key_missing") in rules(verdict)


def test_refused_events_stay_in_the_chain_and_prove_nothing(case, other_case):
    refused = EvidenceEntry("event", {**other_case.entries[7].body, "verified": False, "key": ""})
    members = case.members(case.dossier((*case.entries[:7], refused, case.entries[7])))
    assert judged(members, case.gateway).ok
    assert "nicht nachweisbar echt" in members["nachweis.html"].decode()


def test_a_genuine_event_that_does_not_count_is_told_apart_on_the_cover(case):
    said = {**case.entries[7].body, "verified": False, "key": "", "problems": [{"rule": "tags_missing"}]}
    members = case.members(case.dossier((*case.entries[:7], EvidenceEntry("event", said))))
    page = members["nachweis.html"].decode()
    assert "(echt, aber ohne Wirkung: die Prüfmarken der verschlüsselten Teile fehlen" in page
    assert "nicht nachweisbar echt" not in page


def test_an_announcement_made_anew_begins_another_log(case, other_case):
    anew = EvidenceEntry("announced", {"remote_id": other_case.remote, "case_id": other_case.case})
    entries = (*case.entries[:4], case.kept(case.tokens[0]), anew, *other_case.entries[4:])
    assert judged(case.members(case.dossier(entries)), case.gateway).ok


def test_a_receipt_of_another_submission_is_found(case, other_case):
    entries = (other_case.entries[0], *case.entries[1:])
    assert (f"{CHAIN}:1", "receipt") in rules(judged(case.members(case.dossier(entries)), case.gateway))


def test_what_else_the_same_key_signed_is_no_root(case):
    """The gateway's key signs receipts and tokens too; even one with a root's very payload does not pass (`typ`)."""
    dossier = case.dossier()
    [witness] = dossier.witnesses
    payload = jws.verify(witness.token, case.gateway.key.public_key(), alg="EdDSA")
    receipt = replace(witness, token=jws.sign(payload, case.gateway, {"typ": "receipt+jwt"}))
    verdict = judged(case.members(replace(dossier, witnesses=(receipt,))), case.gateway)
    assert rules(verdict) == {("roots/1.jws", "signature")}


def test_the_cover_page_is_german_escaped_and_names_the_way_to_check(case, other_case):
    claims = {**case.entries[3].body, "remote_id": '"><script>alert(1)</script>'}
    page = case.members(case.dossier((*case.entries[:3], EvidenceEntry("announced", claims))))["nachweis.html"].decode()
    assert '<html lang="de">' in page
    assert "<script" not in page
    assert "gateway evidence verify" in page


def test_an_archive_cannot_keep_its_judge_busy(case, members):
    """As many proofs, entries and keys of one `kid` as fit: what is more than the bound is not looked at."""
    started = time.process_time()
    [proof] = json.loads(members[PROOFS])
    many = archive.json_bytes([proof] * 100_000)
    assert (PROOFS, "form") in rules(judged(forged(members, **{PROOFS: many}), case.gateway))
    links = case.links(tuple(case.entries[1] for _ in range(5000)))
    long = "".join(link.line() + "\n" for link in links).encode()
    assert (f"{CHAIN}:2001", "count") in rules(judged(forged(members, **{CHAIN: long}), case.gateway))
    jwk = dict(case.gateway.public_jwk)
    keys = archive.json_bytes({"keys": [{**jwk, "x": "A" * 43}] * 90 + [jwk]})
    assert not judged(forged(members, **{OUR_KEYS: keys})).ok
    assert time.process_time() - started < 5
