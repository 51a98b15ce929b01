"""Routes count only where the portal vouches for exactly what was asked: every rule of the signature, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.crypto import jws
from gateway.crypto.keys import public_key
from gateway.errors import CounterpartBusy, CounterpartGarbled, CounterpartRefused
from gateway.fitconnect import names, routing
from gateway.fitconnect.channel.routing_client import ASK_AGAIN_S, RoutingClient, RoutingEnvironment
from gateway.fitconnect.routing import ExpectedRoute, Route
from gateway.outbound.answer import Answer
from gateway.outbound.client import exchange
from gateway.wiring.clock import SystemClock

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY, ARS, PORTAL = "99012021002000", "150900546546", "https://portal.example"
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
RS = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs:"
EXPECTED = ExpectedRoute(KEY, ARS, PORTAL, frozenset({"submission.example"}), NOW)
CLAIMS = {
    "submissionHost": "submission.example",
    "iss": PORTAL,
    "services": [{"gebietIDs": [RS + "15090"], "leistungIDs": [names.LEIKA_PREFIX + KEY]}],
    "destinationId": DESTINATION,
    "iat": int(NOW.timestamp()) - 60,
    "jti": "4f3b1d1c-0c0f-4a4e-8b5c-3c0f9c1d2e3f",
}


@pytest.fixture
def token(signers):
    def make(header=None, key=None, **claims):
        payload = json.dumps({**CLAIMS, **claims}).encode()
        return jws.sign(payload, key or signers.delivery, {"typ": "JWT", **(header or {})})

    return make


@pytest.fixture
def verdict(signers):
    keys = {"delivery-key-1": public_key(signers.delivery_jwk, use="verify", x5c_required=False)}
    return lambda signature, **changes: routing.judged(
        Route(changes.pop("destination", DESTINATION), signature), EXPECTED, changes.pop("keys", keys)
    )


def offer(region, service=names.LEIKA_PREFIX + KEY):
    return {"services": [{"gebietIDs": [region], "leistungIDs": [service]}]}


@pytest.mark.parametrize(
    "region", ["", "15", "150", "15090", "150900546", ARS, "150900000000", "150000000000", "0" * 12]
)
def test_a_signature_over_what_was_asked_is_proven_whatever_level_its_region_has(token, verdict, region):
    assert verdict(token(**offer(RS + region))) is None
    assert verdict(token(header={"typ": "jwt"}, **offer(RS + region))) is None


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"iss": "https://portal.example.evil"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"destinationId": "00000000-0000-4000-8000-000000000000"}, "destination"),
        ({"submissionHost": "evil.example"}, "host"),
        (offer(RS + "150900546546", names.LEIKA_PREFIX + "99012021002001"), "service"),
        (offer(RS + "15091"), "region"),
        (offer(RS + "150910000000"), "region"),
        (offer("150900546546"), "region"),
        ({"services": []}, "claims"),
        ({"services": "all"}, "claims"),
        ({"jti": None}, "claims"),
        ({"iat": int((NOW + timedelta(days=1)).timestamp())}, "iat"),
        ({"iat": 0}, "iat"),
        ({"iat": True}, "iat"),
    ],
)
def test_each_claim_that_differs_is_named(token, verdict, changed, rule):
    assert verdict(token(**changed)) == rule


def test_service_and_region_have_to_stand_in_one_offer(token, verdict):
    split = [*offer(RS + "15091")["services"], *offer(RS + ARS, names.LEIKA_PREFIX + "99012021002001")["services"]]
    assert verdict(token(services=split)) == "region"


def test_another_key_algorithm_or_type_and_a_signature_cut_short_are_refused(token, verdict, signers, jwks):
    good = token()
    assert verdict(good[:499]) == "truncated"
    assert verdict(good[:-4]) == "truncated"
    assert verdict(good, keys={}) == "key"
    assert verdict(token(header={"typ": "secevent+jwt"})) == "typ"
    foreign = {"delivery-key-1": public_key(jwks["verify"][1], use="verify", x5c_required=True)}
    assert verdict(good, keys=foreign) == "signature"
    head, body, seal = good.split(".")
    assert verdict(f"{head}.{body[:-4]}.{seal}") in {"form", "signature"}
    assert verdict(good, destination="00000000-0000-4000-8000-000000000000") == "destination"


@given(st.text(max_size=200) | st.text("abc.", min_size=500, max_size=1200))
def test_no_text_in_place_of_a_signature_breaks_the_judging(text):
    assert routing.judged(Route(DESTINATION, text), EXPECTED, {}) in routing.RULES


def said(body, status=200, **headers):
    return Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode(), "routing.example")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        [],
        {},
        {"routes": None},
        {"routes": [{"destinationId": DESTINATION}]},
        {"routes": [{"destinationId": "x", "destinationSignature": "y"}]},
        {"routes": [{"destinationId": DESTINATION, "destinationSignature": "y"}] * 2},
        {"routes": [], "totalCount": 3_500_000},
        b'{"routes": [], "routes": []}',
    ],
)
def test_an_answer_that_is_wrong_in_shape_is_garbled(body):
    with pytest.raises(CounterpartGarbled):
        routing.read_routes(said(body))


@pytest.fixture
async def asking(sandbox, client):
    asked = []

    async def send(url):
        asked.append(url)
        return await exchange(client, "GET", url)

    environment = RoutingEnvironment(
        sandbox.routing_api, sandbox.portal_issuer, frozenset({sandbox.routing_api.split("/")[2]})
    )
    made = RoutingClient(environment, send, SystemClock(), lambda: 0.0)
    return made, asked


async def test_the_sandbox_routes_to_its_destinations_and_the_portal_vouches_for_them(asking, sandbox):
    routes, asked = asking
    found = await routes.routes(KEY, ARS)
    assert found
    assert all(one.proven for one in found)
    assert {one.route.destination_id for one in found} <= {d["destination_id"] for d in sandbox.destinations}
    await routes.routes(KEY, ARS)
    assert len([url for url in asked if url.endswith("jwks.json")]) == 1
    assert await routes.routes("99999999999999", ARS) == ()


async def answered(answers):
    asked, at = [], [0.0]

    async def send(url):
        asked.append(url)
        return answers["keys" if url.endswith("jwks.json") else "routes"]

    environment = RoutingEnvironment("https://routing.example/", PORTAL, EXPECTED.hosts)
    return RoutingClient(environment, send, SystemClock(), lambda: at[0]), asked, at


async def test_a_key_that_the_portal_does_not_show_is_asked_for_again_but_not_each_time(token):
    listed = {"routes": [{"destinationId": DESTINATION, "destinationSignature": token()}]}
    routes, asked, at = await answered({"routes": said(listed), "keys": said({"keys": []})})
    for now, times in ((0.0, 1), (ASK_AGAIN_S / 2, 1), (ASK_AGAIN_S, 2)):
        at[0] = now
        (one,) = await routes.routes(KEY, ARS)
        assert (one.broken, sum(url == f"{PORTAL}/.well-known/jwks.json" for url in asked)) == ("key", times)


@pytest.mark.parametrize(
    ("status", "error"), [(429, CounterpartBusy), (503, CounterpartBusy), (400, CounterpartRefused)]
)
async def test_a_refusal_keeps_its_class(status, error):
    routes, _, _ = await answered({"routes": said(b"", status)})
    with pytest.raises(error):
        await routes.routes(KEY, ARS)
