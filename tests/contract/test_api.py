"""Fixed interfaces §3 and §5, line by line, from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.demo_fixture import ARS, PDF, http

SUBMISSION = {
    "id", "state", "service", "municipality", "reference", "created_at", "updated_at", "channel", "destination_id",
    "case_id", "document", "attachments", "deadline", "reason", "events", "supersedes", "superseded_by",
}  # fmt: skip


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_token_is_an_access_token_of_this_api(portal):
    assert portal.token["token_type"].lower() == "bearer"
    assert portal.token["expires_in"] == 1800
    header, payload, _ = portal.token["access_token"].split(".")
    assert json.loads(decoded(header))["typ"] == "at+jwt"
    assert json.loads(decoded(payload))["iss"] == portal.line["issuer"]


def test_discovery_names_the_token_endpoint_and_the_keys(line):
    _, _, found = http("GET", line["base_url"] + "/.well-known/openid-configuration")
    assert found["issuer"] == line["issuer"]
    assert found["token_endpoint"] == line["token_url"]
    assert http("GET", found["jwks_uri"])[0] == 200


def test_an_upload_answers_with_size_digest_and_expiry(portal):
    name = str(uuid4())
    status, made = portal.upload(PDF, name)
    assert status == 201
    assert made == {
        "upload": name,
        "size": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "expires_at": made["expires_at"],
    }
    assert portal.upload(PDF, name)[0] == 200
    assert portal.upload(PDF + b"x", name)[0] == 409


def test_an_accepted_submission_has_every_key_and_verified_events(accepted):
    assert set(accepted) >= SUBMISSION
    assert accepted["state"] == "accepted"
    assert set(accepted["document"]) >= {"standard", "schema_uri", "sha256"}
    assert [set(a) >= {"kind", "filename", "size", "sha256"} for a in accepted["attachments"]] == [True]
    types = [e["type"] for e in accepted["events"]]
    assert types[0] == "create-submission"
    assert {"submit-submission", "accept-submission"} <= set(types)
    assert all(e["verified"] and {"issuer", "at", "problems"} <= set(e) for e in accepted["events"])


def test_a_used_upload_may_be_repeated_but_serves_no_other_submission(portal):
    body = portal.body()
    assert portal.create(body)[0] == 201
    used = body["attachments"][0]["upload"]
    assert portal.upload(PDF, used)[0] == 200
    assert portal.create(body)[0] == 409


def test_the_same_key_and_body_give_the_same_answer(portal):
    body, key = portal.body(), str(uuid4())
    first, again = portal.create(body, key), portal.create(body, key)
    assert first[0] == again[0] == 201
    assert first[2] == again[2]
    assert portal.create({**body, "reference": "other"}, key)[0] == 409


def test_the_receipt_verifies_with_the_published_key(portal, line):
    _, _, made = portal.create(portal.body())
    header, payload, signature = made["receipt"].split(".")
    head, facts = json.loads(decoded(header)), json.loads(decoded(payload))
    keys = http("GET", line["base_url"] + "/oidc/jwks.json")[2]["keys"]
    key = next(k for k in keys if k["kid"] == head["kid"])
    public = ed25519.Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
    public.verify(decoded(signature), f"{header}.{payload}".encode())
    assert facts["sub"] == made["id"]
    assert facts["document"]["sha256"] == made["document"]["sha256"]


def test_validation_reports_without_taking_over(portal):
    body = portal.body()
    assert portal.call("POST", "/validations", body)[2] == {"valid": True, "findings": []}
    status, _, found = portal.call("POST", "/validations", {**body, "record": {}})
    assert status == 200
    assert found["valid"] is False
    assert all(set(f) == {"pointer", "rule", "severity", "de", "en"} for f in found["findings"])
    assert all(f["pointer"].startswith("/record") for f in found["findings"])


def test_services_are_listed_with_what_a_portal_needs(portal):
    item = next(i for i in portal.call("GET", f"/services?municipality={ARS}")[2]["items"] if i["id"] == "hausnummer")
    assert {"id", "title", "leika_key", "standard", "assurance", "attachments"} <= set(item)
    plan = next(a for a in item["attachments"] if a["kind"] == "site_plan")
    assert plan["required"] is True
    assert plan["max_bytes"] == 370_000_000
    assert portal.call("GET", "/services/hausnummer")[0] == 200
    assert portal.call("GET", "/services/hausnummer/record.schema.json")[2]["$schema"].endswith("2020-12/schema")


def test_lists_are_filtered_and_paged(portal, accepted):
    found = portal.call("GET", "/submissions?reference=contract:1")[2]
    assert [i["id"] for i in found["items"]] == [accepted["id"]]
    first = portal.call("GET", "/submissions?limit=1&state=accepted")[2]
    assert len(first["items"]) == 1
    assert portal.call("GET", "/submissions?service=gibt-es-nicht")[2]["items"] == []


def test_the_change_feed_tells_every_state_in_order(portal, accepted):
    page = portal.call("GET", "/changes?after=")[2]
    mine = [c["state"] for c in page["changes"] if c["submission_id"] == accepted["id"]]
    assert mine == ["received", "sealed", "announced", "uploaded", "submitted", "accepted"]
    assert all(set(c) >= {"cursor", "submission_id", "state", "at"} for c in page["changes"])
    assert portal.call("GET", f"/changes?after={page['next']}")[0] == 200


def test_an_application_is_corrected_by_a_new_version_linked_to_the_old(portal, accepted):
    body = {**portal.body(), "reference": "contract:corrected"}
    path, key = f"/submissions/{accepted['id']}/corrections", str(uuid4())
    status, _, made = portal.call("POST", path, body, Idempotency_Key=key)
    assert (status, made["supersedes"]) == (201, accepted["id"])
    assert portal.call("POST", path, body, Idempotency_Key=key)[2] == made
    old = portal.call("GET", f"/submissions/{accepted['id']}")[2]
    assert (old["state"], old["superseded_by"]) == ("accepted", made["id"])
    again = portal.call("POST", path, {**portal.body()}, Idempotency_Key=str(uuid4()))
    assert (again[0], again[2]["code"]) == (409, "superseded")


def test_a_correction_names_the_file_of_what_it_corrects(portal, line):
    admin = line["sandboxes"]["fitconnect"]["admin"]
    body = {**portal.body(), "reference": "contract:same-file"}
    first = portal.followed(portal.create(body)[2]["id"])
    assert first["state"] == "accepted"
    beside = portal.body()  # another one's file is no more to be had than before
    assert portal.create(beside)[0] == 201
    path = f"/submissions/{first['id']}/corrections"
    assert portal.call("POST", path, beside, Idempotency_Key=str(uuid4()))[2]["code"] == "upload_taken"
    status, _, made = portal.call("POST", path, body, Idempotency_Key=str(uuid4()))
    assert (status, made.get("supersedes")) == (201, first["id"]), made
    second = portal.followed(made["id"])
    assert (second["state"], second["attachments"]) == ("accepted", first["attachments"])
    arrived = {each["case_id"]: each["submission_id"] for each in http("GET", f"{admin}/submissions")[2]["submissions"]}
    opened = http("GET", f"{admin}/submissions/{arrived[second['case_id']]}/opened")[2]
    assert hashlib.sha256(PDF).hexdigest() in {each["sha256"] for each in opened["attachments"]}


def test_what_was_submitted_is_not_cancelled_any_more(portal, accepted):
    status, _, problem = portal.call("POST", f"/submissions/{accepted['id']}/cancel")
    assert (status, problem["code"]) == (409, "state_conflict")


def test_many_applications_go_in_one_call(portal):
    lines = [json.dumps({**portal.body(), "idempotency_key": f"batch-{no}"}) for no in range(2)]
    raw = "\n".join([*lines, "{}"]).encode()
    status, fields, answer = portal.call("POST", "/submissions/batch", raw, Content_Type="application/x-ndjson")
    made = [json.loads(each) for each in answer.splitlines()]
    assert (status, fields["content-type"]) == (200, "application/x-ndjson")
    assert [each.get("code") or each["state"] for each in made] == ["received"] * 2 + ["missing_idempotency_key"]
    assert all(each["receipt"] for each in made[:2])


def test_the_change_feed_streams_the_same_lines(portal, accepted):
    page = portal.call("GET", "/changes?after=&limit=2")[2]["changes"]
    request = urllib.request.Request(portal.api + "/changes/stream", headers=portal.auth)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen = [stream.readline().decode().rstrip() for _ in range(10)]
    assert [each.removeprefix("id: ") for each in seen if each.startswith("id: ")] == [each["cursor"] for each in page]
    assert [json.loads(each.removeprefix("data: ")) for each in seen if each.startswith("data: ")] == page


def test_problems_have_the_fixed_shape_in_both_languages(portal):
    german = portal.call("GET", f"/submissions/{uuid4()}")
    english = portal.call("GET", f"/submissions/{uuid4()}", Accept_Language="en")
    assert german[0] == english[0] == 404
    assert german[1]["content-type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "instance", "code", "blame", "retry"} <= set(german[2])
    assert german[2]["code"] == english[2]["code"] == "not_found"
    assert german[2]["detail"] != english[2]["detail"]


def test_the_receiver_opened_what_was_meant(line, accepted):
    admin = line["sandboxes"]["fitconnect"]["admin"]
    arrived = http("GET", admin + "/submissions")[2]["submissions"]
    mine = [s for s in arrived if s["case_id"] == accepted["case_id"]]
    assert [(s["state"], s["submit_count"]) for s in mine] == [("accepted", 1)]
    opened = http("GET", f"{admin}/submissions/{mine[0]['submission_id']}/opened")[2]
    document = base64.b64decode(opened["document"])
    data = opened["metadata"]["contentStructure"]["data"]
    assert hashlib.sha256(document).hexdigest() == accepted["document"]["sha256"]
    assert data["hash"]["content"] == hashlib.sha512(document).hexdigest()
    assert data["signature"]["signatureFormat"] == "json"
    assert any(a["purpose"] == "form" and a["media_type"] == "application/pdf" for a in opened["attachments"])


def test_health_and_metrics_answer(line, accepted):
    health = http("GET", line["health"])[2]
    assert health["status"] == "pass"
    assert {"disk:free", "memory:free", "submissions:waiting"} <= set(health["checks"])
    assert b"# HELP" in http("GET", line["metrics"])[2]


def test_nothing_personal_stands_in_logs_metrics_or_addresses(line, accepted, portal):
    home = Path(line["config"]).parent
    names = _strings(portal.call("GET", f"/services/hausnummer/example.json?municipality={ARS}")[2]["record"])
    texts = [p.read_text(errors="replace") for p in home.glob("*.log")] + [http("GET", line["metrics"])[2].decode()]
    assert not [name for name in names if len(name) > 5 and any(name in text for text in texts)]


def _strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _strings(item)]
