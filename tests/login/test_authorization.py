"""What a portal may ask, and how each fault is told: to its registered address, or to nobody."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from gateway.login.authorization import AuthorizationRefusedError, addressed, read
from gateway.login.clients import Registry
from gateway.login.redirects import registered
from gateway.login.steps import BrowserCookies, GoToProvider, PageKind, PostToPortal, Redirect, Show
from gateway.model import Level
from tests.login.federation_world import APP, CALLBACK, LOOPBACK, OTHER, STATE, TOWN, World, client, s256, told

LOA = "http://eidas.europa.eu/LoA/"


@pytest.fixture
def world():
    return World()


WRONG_ADDRESSES = [
    "https://evil.example/cb",
    "https://portal.example/CB",
    "https://portal.example/cb/",
    "https://portal.example//cb",
    "https://portal.example/cb?a=1",
    "https://portal.example/cb#x",
    "https://portal.example/cb/..%2f",
    "https://portal.example/%63b",
    "https://portal.example/./cb",
    "https://portal.example:443/cb",
    "https://portal.example:8443/cb",
    "https://PORTAL.example/cb",
    "http://portal.example/cb",
    "https://user@portal.example/cb",
    "https://portal.example@evil.example/cb",
    "https://portal.example.evil.example/cb",
    "https://portal.example\\@evil.example/cb",
    "https://portal.example/cb\n",
    " https://portal.example/cb",
    "//portal.example/cb",
    "javascript:alert(1)",
    "http://127.0.0.1:4711/cb",
    "",
    "x" * 5000,
]


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
async def test_an_address_that_is_not_registered_is_never_gone_to(world, address):
    step = await world.authorize(redirect_uri=address)
    assert isinstance(step, Show)
    assert (step.kind, step.way_back) == (PageKind.BAD_REQUEST, None)
    assert not world.logins._under_way


@pytest.mark.parametrize("client", ["nobody", "machine", "elsewhere", "", "x" * 9000, "portal\0"])
async def test_a_client_that_nobody_logs_in_to_looks_as_one_that_is_not_there(world, client):
    world_of = await world.authorize(client_id=client)
    assert (world_of.kind, world_of.status, world_of.way_back) == (PageKind.BAD_REQUEST, 400, None)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_second_client_or_address_leaves_nowhere_to_go(world, name):
    value = dict(world.parameters())[name]
    for more in (value, "https://evil.example/cb"):
        step = await world.authorize([*world.parameters(), (name, more)])
        assert step.kind is PageKind.BAD_REQUEST
    assert (await world.authorize(**{name: None})).kind is PageKind.BAD_REQUEST


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
        APP,
    ],
)
async def test_an_app_may_come_back_on_any_port_of_loopback(world, address):
    assert isinstance(await world.authorize(client_id="app", redirect_uri=address), GoToProvider)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:99999999/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80/other",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost:80/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.2/cb",
        "http://[::1]/cb",
        "http://127.0.0.1:٤/cb",
        "com.example.app:/CB",
        "com.example.app:cb",
        "com.example.app.evil:/cb",
    ],
)
async def test_nothing_else_of_an_app_is_loopback(world, address):
    assert (await world.authorize(client_id="app", redirect_uri=address)).kind is PageKind.BAD_REQUEST


def test_loopback_of_six_is_one_address_too():
    assert registered("http://[::1]:81/cb", ["http://[::1]/cb"], public=True)
    assert not registered("http://[::1]:81/cb", ["http://[::1]/cb"], public=False)
    assert not registered("http://127.0.0.1:81/cb", [LOOPBACK], public=False)


FAULTS = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": None}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "x" * 42}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"scope": "openid  profile"}, "invalid_scope"),
    ({"scope": 'openid "'}, "invalid_scope"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://portal.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "٣"}, "invalid_request"),
    ({"max_age": "9" * 30}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": '{"userinfo":3}'}, "invalid_request"),
    ({"claims": '{"a":1,"a":2}'}, "invalid_request"),
    ({"claims": "[" * 4000}, "invalid_request"),
    ({"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:x"]}}})}, None),
    ({"nonce": "n" * 1025}, "invalid_request"),
    ({"nonce": "a\nb"}, "invalid_request"),
    ({"id_token_hint": "x.y.z"}, "invalid_request"),
    ({"login_hint": "x" * 1025}, "invalid_request"),
]


@pytest.mark.parametrize(("wrong", "error"), FAULTS)
async def test_each_fault_is_told_to_the_portal_with_state_and_issuer(world, wrong, error):
    with capture_logs() as logs:
        step = await world.authorize(**wrong)
    said = told(step)
    assert step.location.startswith(f"{CALLBACK}?error=")
    assert said["error"] == error or (error is None and said["error"] == "unmet_authentication_requirements")
    assert (said["state"], said["iss"]) == (STATE, TOWN.url)
    (line,) = [each for each in logs if each["event"] == "login.refused"]
    assert line["reason"] == said["error"]
    for value in wrong.values():
        assert value is None or len(value) < 3 or value not in said["error_description"]
    assert not world.logins._under_way


@pytest.mark.parametrize("name", ["response_type", "scope", "nonce", "code_challenge", "prompt", "anything"])
async def test_a_parameter_given_twice_is_refused(world, name):
    step = await world.authorize([*world.parameters(prompt="login", anything="1"), (name, "x")])
    assert (told(step)["error"], told(step)["state"]) == ("invalid_request", STATE)


async def test_a_state_that_is_doubled_or_odd_is_not_echoed(world):
    for more in ([("state", STATE)], [("state", "other")]):
        assert set(told(await world.authorize([*world.parameters(), *more]))) == {"error", "error_description", "iss"}
    for odd in ("x" * 4097, "a\r\nb", "ä"):
        assert "state" not in told(await world.authorize(state=odd))


async def test_a_request_beyond_all_bounds_is_not_read(world):
    for more in ([("a", "x" * 20_000)], [(f"a{n}", "") for n in range(60)]):
        assert (await world.authorize([*world.parameters(), *more])).kind is PageKind.BAD_REQUEST


async def test_a_fault_of_a_form_post_request_is_posted(world):
    step = await world.authorize(response_mode="form_post", scope="x")
    assert isinstance(step, PostToPortal)
    assert step.fields["error"] == "invalid_scope"


async def test_unknown_parameters_scopes_and_prompts_are_left_out(world):
    step = await world.authorize(
        scope="openid submissions:write offline_access unknown", prompt="consent", display="page", foo="bar"
    )
    assert isinstance(step, GoToProvider)
    (under_way,) = world.logins._under_way.values()
    assert under_way.request["scopes"] == ["openid"]


async def test_a_public_client_is_never_freed_of_pkce(world):
    app = client("app", secret=None, public=True, require_pkce=False)
    parameters = world.parameters(client_id="app", code_challenge=None, code_challenge_method=None)
    to = addressed(parameters, Registry([app]), TOWN.municipality)
    with pytest.raises(AuthorizationRefusedError):
        read(parameters, to, TOWN.url)


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        ({}, Level.BASIC),
        ({"acr_values": f"{LOA}low"}, Level.LOW),
        ({"acr_values": f"{LOA}substantial"}, Level.SUBSTANTIAL),
        ({"acr_values": f"{LOA}high {LOA}substantial"}, Level.SUBSTANTIAL),
        ({"acr_values": f"{TOWN.url}/acr/basic"}, Level.BASIC),
        ({"acr_values": f"{OTHER.url}/acr/basic urn:x"}, Level.BASIC),
        ({"acr_values": "STORK-QAA-Level-3"}, Level.SUBSTANTIAL),
        ({"acr_values": "STORK-QAA-Level-4"}, Level.HIGH),
        ({"acr_values": "STORK-QAA-Level-9 1 2"}, Level.BASIC),
        ({"claims": json.dumps({"id_token": {"acr": {"values": [f"{LOA}high"]}}})}, Level.HIGH),
        ({"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": f"{LOA}high"}}})}, Level.HIGH),
        ({"claims": json.dumps({"id_token": {"acr": None}})}, Level.BASIC),
        (
            {
                "acr_values": f"{LOA}low",
                "claims": json.dumps({"id_token": {"acr": {"essential": True, "values": [f"{LOA}high", "x"]}}}),
            },
            Level.HIGH,
        ),
    ],
)
async def test_the_least_level_that_was_asked_for(world, asked, level):
    await world.authorize(**asked)
    (under_way,) = world.logins._under_way.values()
    assert under_way.level is level


@pytest.mark.parametrize(
    ("asked", "language"), [(None, ""), ("en", "en"), ("fr de-AT en", "de"), ("EN-gb", "en"), ("fr", ""), ("", "")]
)
async def test_pages_speak_the_first_language_that_we_have(world, asked, language):
    step = await world.authorize(ui_locales=asked)
    assert step.language == language
    assert world.bundid.asked[-1].language == (language or "de")


async def test_the_handle_stands_nowhere_but_in_the_browser(world):
    await world.authorize()
    handle = world.bundid.asked[-1].relay_state
    assert len(handle) == 43
    (under_way,) = world.logins._under_way.values()
    assert handle not in repr(under_way)
    assert world.cookies.login not in repr(under_way)
    assert under_way.address != b"192.0.2.1"


async def test_a_browser_keeps_its_login_cookie(world):
    await world.authorize()
    before = world.cookies.login
    assert (await world.authorize()).cookies.login is None
    world.cookies = BrowserCookies(login="not one of ours")
    assert (await world.authorize()).cookies.login not in {None, before}


# -- pushed requests (RFC 9126)


def pushed_form(world, **more):
    return urlencode(world.parameters(**more)).encode()


def basic(client="portal", secret="portal-secret-1"):
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


async def test_a_pushed_request_is_used_once_and_by_its_client(world):
    answer = await world.federation.push(TOWN, basic(), pushed_form(world))
    assert answer.status == 201
    assert 0 < answer.body["expires_in"] <= 90
    uri = answer.body["request_uri"]
    assert uri.startswith("urn:ietf:params:oauth:request_uri:")
    foreign = [("client_id", "second"), ("request_uri", uri)]
    assert (await world.authorize(foreign)).kind is PageKind.BAD_REQUEST
    asked = [("client_id", "portal"), ("request_uri", uri), ("redirect_uri", "https://evil.example/")]
    assert isinstance(await world.authorize(asked), GoToProvider)
    assert (await world.authorize(asked)).kind is PageKind.BAD_REQUEST
    assert uri not in repr(world.logins._pushed)


async def test_a_pushed_request_counts_at_its_issuer_alone(world):
    uri = (await world.federation.push(OTHER, basic(), pushed_form(world))).body["request_uri"]
    step = await world.authorize([("client_id", "portal"), ("request_uri", uri)])
    assert (step.kind, step.way_back) == (PageKind.BAD_REQUEST, None)


async def test_a_pushed_request_expires(world):
    uri = (await world.federation.push(TOWN, basic(), pushed_form(world))).body["request_uri"]
    world.clock.advance(91)
    assert (await world.authorize([("client_id", "portal"), ("request_uri", uri)])).kind is PageKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("header", "more", "status", "error"),
    [
        (basic(secret="wrong"), {}, 401, "invalid_client"),
        (None, {}, 401, "invalid_client"),
        (basic(), {"redirect_uri": "https://evil.example/"}, 400, "invalid_request"),
        (basic(), {"client_id": "second"}, 401, "invalid_client"),
        (basic(), {"code_challenge": None}, 400, "invalid_request"),
        (basic(), {"request_uri": "urn:ietf:params:oauth:request_uri:x"}, 400, "request_uri_not_supported"),
        (basic(), {"scope": "x"}, 400, "invalid_scope"),
        (basic("machine"), {"client_id": "machine"}, 400, "invalid_request"),
    ],
)
async def test_a_push_is_judged_at_once(world, header, more, status, error):
    answer = await world.federation.push(TOWN, header, pushed_form(world, **more))
    assert (answer.status, answer.body["error"]) == (status, error)
    assert not world.logins._pushed


async def test_an_app_pushes_with_its_id_alone(world):
    answer = await world.federation.push(TOWN, None, pushed_form(world, client_id="app", redirect_uri=APP))
    assert answer.status == 201


async def test_a_way_back_is_only_ever_a_registered_address(world):
    world.providers = [world.bundid, world.muk]
    step = await world.authorize()
    assert step.way_back.startswith(f"{CALLBACK}?")
    assert told(Redirect(step.way_back))["error"] == "access_denied"
    assert s256("v" * 50) not in step.way_back
