"""What a login hands from one part to the next shows ids when it is printed: no value, secret or answer."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass, replace
from uuid import UUID

import pytest

from gateway.model import Attested, Organisation
from gateway.store.memory.logins import MemoryLoginStore
from tests.login.federation_world import STATE, TOWN, VERIFIER, Clock, Random, World, person, s256, told

MAILBOX = UUID("0b7a9c3e-3f5e-4b7a-9d55-6a1f0c2d7e11")
CLAIMS = '{"userinfo":{"wunsch-des-portals":{"value":"wert-des-portals"}}}'
PERSON = replace(person(), mailbox=MAILBOX, application_id=MAILBOX)
COMPANY = replace(PERSON, person=None, organisation=Organisation({"name": Attested("Öl & Söhne")}, PERSON.person))


class Watched:
    """Passes everything on, and keeps what goes in and comes out as it would be printed."""

    def __init__(self, inner, printed):
        self._inner, self._printed = inner, printed

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        def note(*values):
            self._printed += [repr(each) for each in values if is_dataclass(each)]

        async def later(*args, **kwargs):
            said = await method(*args, **kwargs)
            note(*args, *(said if isinstance(said, tuple) else (said,)))
            return said

        def at_once(*args, **kwargs):
            said = method(*args, **kwargs)
            note(*args, said)
            return said

        if not callable(method):
            return method
        return later if inspect.iscoroutinefunction(method) else at_once


@pytest.mark.parametrize("who", [PERSON, COMPANY, replace(PERSON, account=None)], ids=["person", "company", "guest"])
async def test_nothing_that_is_printed_on_the_way_holds_a_value(who):
    printed: list[str] = []
    clock = Clock()
    world = World(clock, Watched(MemoryLoginStore(clock, Random()), printed))
    world.bundid.identity = who
    world.providers[:] = [Watched(world.bundid, printed)]
    asked = world.parameters(claims=CLAIMS)
    steps = [await world.authorize(asked), await world.answered()]
    steps += [await world.finish(steps[-1]), await world.authorize(asked)]
    codes = [told(step)["code"] for step in steps[2:]]
    tokens = await world.token(codes[0])
    steps += [tokens, await world.userinfo(tokens.body["access_token"])]
    cookies = world.cookies
    steps += [await world.federation.logout(TOWN, [("id_token_hint", tokens.body["id_token"])], cookies)]
    printed += [repr(step) for step in steps]
    spoken = who.organisation.values | who.organisation.acting.values if who.organisation else who.person.values
    secret = {
        *(attested.value for attested in spoken.values()),
        *(STATE, "nonce-1", VERIFIER, s256(VERIFIER), "wunsch-des-portals", "wert-des-portals", str(MAILBOX)),
        *(*codes, cookies.login, cookies.session, world.bundid.asked[0].relay_state, "bpk2-1"),
        *(tokens.body["access_token"], tokens.body["id_token"], steps[5].body["sub"]),
    }
    assert len(printed) > 20
    assert {value for value in secret for text in printed if value in text} == set()
