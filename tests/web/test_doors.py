from __future__ import annotations

import asyncio
import json
import re

import jsonschema_rs
import pybase64
import pytest
import structlog

from gateway.crypto import jws
from gateway.crypto.keys import verify_key
from gateway.errors import InternalError, every_error
from gateway.web.dependencies import HealthCheck
from gateway.web.http.problems import document, language, title
from gateway.web.portal.description.openapi import JSON
from gateway.web.portal.routes import ROUTES
from tests.web.conftest import ARS, HOST, OTHER_ARS, SECRET

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(client: str, secret: str) -> dict[str, str]:
    return {**FORM, "Authorization": "Basic " + pybase64.b64encode(f"{client}:{secret}".encode()).decode()}


async def test_a_portal_finds_its_way_from_discovery_to_a_verified_token(world):
    async with world.portal(None) as portal:
        found = (await portal.get("/.well-known/openid-configuration")).json()
        answer = await portal.post(
            found["token_endpoint"], content="grant_type=client_credentials", headers=basic("portal", SECRET)
        )
        keys = (await portal.get(found["jwks_uri"])).json()["keys"]
        token = answer.json()["access_token"]
        services = await portal.get("/api/v1/services", headers={"Authorization": f"bearer {token}"})
    assert found["issuer"] == HOST
    assert answer.headers["Cache-Control"] == "no-store"
    claims = json.loads(jws.verify(token, verify_key(keys[0]), alg="EdDSA"))
    assert claims["aud"] == f"{HOST}/api/v1"
    assert services.status_code == 200


async def test_each_host_name_is_its_own_issuer(world):
    token = world.token("neighbour")
    async with world.portal(None, Authorization=f"Bearer {token}") as portal:
        here = await portal.get("/api/v1/services")
        there = await portal.get("/api/v1/services", headers={"Host": "gateway.stendal.example"})
        issuer = await portal.get("/.well-known/openid-configuration", headers={"Host": "gateway.stendal.example"})
    assert (here.status_code, there.status_code) == (200, 401)
    assert issuer.json()["issuer"] == "https://gateway.stendal.example"


@pytest.mark.parametrize(
    ("headers", "body", "status", "kind"),
    [
        (basic("portal", "wrong"), "grant_type=client_credentials", 401, "application/json"),
        (FORM, "grant_type=client_credentials", 401, "application/json"),
        (basic("portal", SECRET), "grant_type=password", 400, "application/json"),
        (basic("portal", SECRET), "x=" + "y" * 20_000, 413, "application/problem+json"),
        ({**basic("portal", SECRET), "Content-Type": "application/json"}, "{}", 415, "application/problem+json"),
    ],
)
async def test_a_refused_token_request_speaks_oauth_or_problem(world, headers, body, status, kind):
    async with world.portal(None) as portal:
        answer = await portal.post("/oidc/token", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_services_are_narrowed_to_client_and_municipality(world):
    async def ids(client: str, query: str = "") -> list[str]:
        async with world.portal(client) as portal:
            answer = await portal.get(f"/api/v1/services{query}")
            return [item["id"] for item in answer.json()["items"]]

    assert await ids("portal") == ["hausnummer", "termin"]
    assert await ids("narrow") == ["termin"]
    assert await ids("neighbour", f"?municipality={OTHER_ARS}") == ["hausnummer"]
    async with world.portal() as portal:
        foreign = await portal.get(f"/api/v1/services?municipality={OTHER_ARS}")
    assert (foreign.status_code, foreign.json()["code"]) == (422, "unknown_municipality")


async def test_a_service_shows_what_the_interface_fixes_in_the_callers_language(world):
    async with world.portal("neighbour") as portal:
        german = (await portal.get("/api/v1/services/hausnummer")).json()
        english = await portal.get("/api/v1/services/hausnummer", headers={"Accept-Language": "en-GB"})
        there = (await portal.get(f"/api/v1/services/hausnummer?municipality={OTHER_ARS}")).json()
    assert german == {
        "id": "hausnummer",
        "title": "Hausnummer beantragen",
        "leika_key": None,
        "standard": "xfall",
        "assurance": "none",
        "accounts": ["person", "organisation"],
        "special_categories": [],
        "attachments": [
            {
                "kind": "site_plan",
                "required": True,
                "media_types": ["application/pdf"],
                "max_bytes": 370_000_000,
                "max_count": 1,
            }
        ],
    }
    assert english.json()["title"] == "Apply for a house number"
    assert english.headers["Content-Language"] == "en"
    assert there["attachments"][0]["max_bytes"] == 1000


async def test_schema_and_example_are_there_for_services_on_offer_only(world):
    async with world.portal("narrow") as portal:
        schema = await portal.get("/api/v1/services/termin/record.schema.json")
        example = await portal.get(f"/api/v1/services/termin/example.json?municipality={ARS}")
        somewhere = await portal.get("/api/v1/services/termin/example.json")
        hidden = await portal.get("/api/v1/services/hausnummer/example.json")
        unknown = await portal.get("/api/v1/services/nothing")
    assert schema.headers["content-type"] == "application/schema+json"
    assert example.json() == somewhere.json()
    assert example.json()["municipality"] == ARS
    assert example.json()["attachments"][0]["upload"] == ""
    assert hidden.status_code == unknown.status_code == 404


@pytest.mark.parametrize(
    ("checks", "status", "code"),
    [
        ([HealthCheck("database:responseTime", "pass")], "pass", 200),
        ([HealthCheck("database:responseTime", "pass"), HealthCheck("worker:age", "warn")], "warn", 200),
        ([HealthCheck("worker:age", "fail", vital=False)], "warn", 200),
        ([HealthCheck("database:responseTime", "fail", output="no answer")], "fail", 503),
    ],
)
async def test_health_says_whether_the_gateway_can_work(world, checks, status, code):
    world.checks[:] = checks
    async with world.portal(None) as anybody:
        answer = await anybody.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert answer.headers["content-type"] == "application/health+json"
    assert set(answer.json()["checks"]) == {check.name for check in checks}


async def test_a_health_check_that_breaks_is_a_failure(world):
    world.health_failure = RuntimeError("password=geheim")
    async with world.portal(None) as anybody:
        with structlog.testing.capture_logs() as lines:
            answer = await anybody.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "fail")
    assert "geheim" not in answer.text + repr(lines)


async def test_figures_come_also_while_the_database_is_away(world):
    world.health_failure = RuntimeError("away")
    async with world.portal(None) as anybody:
        answer = await anybody.get("/metrics")
    assert answer.status_code == 200
    assert "gateway_http_requests_total" in answer.text


async def test_figures_name_templates_and_no_ids(world):
    async with world.portal() as portal:
        await portal.get("/api/v1/submissions/4f6a4d0e-93e3-4d16-a6a5-111111111111?x=secret")
        await portal.get("/nowhere/secret")
        text = (await portal.get("/metrics")).text
    assert 'route="/api/v1/submissions/{submission_id}"' in text
    assert 'route="unmatched"' in text
    assert 'gateway_submissions{state="received"} 3.0' in text
    assert "secret" not in text
    assert "4f6a4d0e" not in text


async def test_a_log_line_holds_ids_and_no_values(world):
    with structlog.testing.capture_logs() as lines:
        async with world.portal() as portal:
            headers = {"X-Request-Id": "portal-req-0001"}
            answer = await portal.get("/api/v1/submissions?reference=secret", headers=headers)
    assert answer.headers["X-Request-Id"] == "portal-req-0001"
    (line,) = [line for line in lines if line["event"] == "web.answered"]
    assert (line["route"], line["status"], line["client_id"]) == ("/api/v1/submissions", 200, "portal")
    assert line["request_id"] == "portal-req-0001"
    assert "secret" not in repr(lines)


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f g h", "inject\\nlines"])
async def test_a_request_id_that_is_none_is_replaced(world, given):
    async with world.portal() as portal:
        answer = await portal.get("/api/v1/submissions", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_an_unexpected_exception_is_a_problem_and_its_message_stays_out_of_log_and_answer(world):
    world.intake.failure = RuntimeError("Max Mustermann")
    body = {"service": "hausnummer", "municipality": ARS, "record": {}}
    with structlog.testing.capture_logs() as lines:
        async with world.portal() as portal:
            answer = await portal.post("/api/v1/submissions", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"], answer.json()["blame"]) == (500, "internal", "gateway")
    (crash,) = [line for line in lines if line["event"] == "web.crashed"]
    assert crash["error"] == "RuntimeError"
    assert "conftest.py" in crash["at"][-1]
    assert "Mustermann" not in repr(lines) + answer.text


async def test_every_answer_carries_the_security_headers(world):
    async with world.portal() as portal:
        answers = [await portal.get(path) for path in ("/api/v1/submissions", "/health", "/nowhere", "/api/docs")]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Strict-Transport-Security"]
        assert "server" not in answer.headers
    assert answers[0].headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "de"),
        ("", "de"),
        ("en", "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9,de;q=0.1", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "de"),
        ("*", "de"),
        ("en;q=0", "de"),
        ("de;q=0.2, en;q=0.7", "en"),
        ("en;q=9;;;,,,\x00", "de"),
    ],
)
def test_the_language_follows_the_caller_and_is_german_else(header, expected):
    assert language(header) == expected


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.code)
def test_every_error_becomes_a_whole_problem(kind):
    for chosen in ("de", "en"):
        body = document(kind(), chosen, "abc")
        assert {"type", "title", "status", "detail", "instance", "code", "blame", "retry", "findings"} == set(body)
        assert body["title"]
        assert "{" not in body["title"] + body["detail"]
    assert title(kind, "de") != title(kind, "en") or kind.de == kind.en
    if not kind.titles and not issubclass(kind, InternalError):  # those say outside only that they are ours
        for short in (title(kind, "de"), title(kind, "en")):
            assert short[0].isupper()
            assert not re.search(r" (mit|als|ist|in|im|nur|than|with|most|at|state)$", short), short


async def test_the_description_is_valid_and_its_examples_fit_their_schemas(world):
    async with world.portal(None) as anybody:
        described = (await anybody.get("/api/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    seen = 0
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            bodies = [answer.get("content", {}) for answer in operation["responses"].values()]
            bodies.append(operation.get("requestBody", {}).get("content", {}))
            for kind, content in (item for body in bodies for item in body.items()):
                if kind == "*/*":
                    continue
                schema = {"components": described["components"], **content["schema"]}
                errors = [str(e) for e in jsonschema_rs.validator_for(schema).iter_errors(content["example"])]
                assert not errors, (path, method, kind, errors)
                seen += 1
    assert seen > 60


async def test_every_operation_with_a_scope_tells_of_what_token_limits_and_their_database_may_answer(world):
    operations = [one for methods in world.app.openapi()["paths"].values() for one in methods.values()]
    scoped = [operation for operation in operations if operation.get("security")]
    assert len(scoped) > 25
    for operation in scoped:
        assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()
        kinds = operation.get("requestBody", {}).get("content", {}).keys()
        assert kinds != {"application/json"} or {"400", "413", "415"} <= operation["responses"].keys()


async def test_the_documented_body_is_taken(world):
    described = world.app.openapi()
    content = described["paths"]["/api/v1/submissions"]["post"]["requestBody"]["content"]["application/json"]
    async with world.portal() as portal:
        validated = await portal.post("/api/v1/validations", json=content["example"])
        made = await portal.post("/api/v1/submissions", json=content["example"], headers={"Idempotency-Key": "k"})
    assert validated.json() == {"valid": True, "findings": []}
    assert made.status_code == 201
    schema = {"components": described["components"], "$ref": "#/components/schemas/Submission"}
    assert jsonschema_rs.is_valid(schema, made.json())


async def test_the_description_names_every_address_and_only_those(world):
    paths = set(world.app.openapi()["paths"])
    served = {route.path for route in world.app.routes}
    assert served - paths == {
        "/metrics",
        "/api/openapi.json",
        "/api/docs",
        "/static/{version}/{path:path}",
        "/logo/{digest}.png",
        "/catalogue/xzufi/{name}",
    }


async def test_what_needs_a_token_has_no_head(world):
    read = [route for route in ROUTES if route.method == "GET" and route.scope and route.gives_type == JSON]
    asked = [route.path for route in read if "{" not in route.path]
    async with world.portal() as portal:
        answers = {path: (await portal.head(path)).status_code for path in asked}
    assert answers == dict.fromkeys(asked, 405) != {}


async def test_the_page_for_people_loads_nothing(world):
    async with world.portal(None) as anybody:
        page = await anybody.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for word in ("<script", "src=", "http://", "https://", "<link"):
        assert word not in page.text
    assert "POST /api/v1/submissions" in page.text


async def test_a_caller_that_goes_away_leaves_one_line_and_no_crash(world):
    async def vanish():
        return {"type": "http.disconnect"}

    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/submissions",
        "raw_path": b"/api/v1/submissions",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"authorization", f"Bearer {world.token()}".encode()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", b"k"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    with structlog.testing.capture_logs() as lines:
        await asyncio.wait_for(world.app(scope, vanish, send), 5)
    assert [line["event"] for line in lines] == ["web.answered"]
    assert sent[0]["status"] == 400
