"""With any one check of a login taken out, the attack that it stops comes through; with it, never.

A test that is green while a check is off is no test. A check is taken out by its own words: the function is read,
the words are replaced, and what comes of it is the function's body for one test.
"""

from __future__ import annotations
import __future__ as future

import inspect
import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType

import pytest
from authlib.oauth2.rfc7636 import CodeChallenge

from gateway.intake import logins as binding
from gateway.login import authlib_server, authorization, id_tokens
from gateway.login.beginning import Beginning
from gateway.login.choosing import Choosing
from gateway.login.codes import CodeExchange
from gateway.login.federation import Federation
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.pushed import PushedRequests
from gateway.login.sessions import Sessions
from gateway.login.signing_out import SigningOut
from gateway.login.userinfo import Userinfo
from gateway.store.memory import logins as memory
from gateway.store.memory.logins import MemoryLoginStore
from tests import logins
from tests.login import attacks
from tests.login.federation_world import OTHER, World


@dataclass(frozen=True)
class Check:
    """Where a check stands, in which words, and what it stops."""

    owner: type | ModuleType
    function: str
    words: str
    instead: str
    attack: Callable[[World], Awaitable[bool]]


CHECKS = {
    "redirect_uri": Check(
        authorization, "addressed", "not registered(", "False and not registered(", attacks.foreign_address
    ),
    "client of the town": Check(
        authorization,
        "addressed",
        "or municipality not in client.client.municipalities",
        "",
        attacks.client_of_another_town,
    ),
    "PKCE": Check(
        authorization, "_challenge", "method is None and not required", "method is None", attacks.without_pkce
    ),
    "issuer of a pushed request": Check(
        PushedRequests, "resolved", 'or kept["issuer"] != issuer.url', "", attacks.pushed_at_another_town
    ),
    "pushed request once": Check(
        MemoryLoginStore, "_use_up", "del self._pushed[pushed]", "pass", attacks.pushed_and_used_twice
    ),
    "client of a pushed request": Check(
        MemoryLoginStore, "pushed", "whose == client and", "", attacks.pushed_by_another_client
    ),
    "browser that began": Check(
        Federation,
        "_mine",
        "if compare_digest(login.browser, digest(cookies.login)) else None",
        "",
        attacks.finished_by_another_browser,
    ),
    "browser that brought the answer": Check(
        Federation, "_brought", "return compare_digest(", "return True or (", attacks.answered_by_another_person
    ),
    "town of a login": Check(
        Federation, "_mine", "or login.municipality != issuer.municipality", "", attacks.finished_at_another_town
    ),
    "provider of an answer": Check(
        MemoryLoginStore,
        "keep_answer",
        "or (under_way.municipality, under_way.provider) != (municipality, provider)",
        "",
        attacks.answered_at_another_providers_address,
    ),
    "provider still enabled": Check(
        Choosing, "enabled", "if provider.enabled", "", attacks.provider_disabled_in_between
    ),
    "answer once": Check(
        MemoryLoginStore, "finish", "if answer in self._answers:", "if False:", attacks.answer_used_again
    ),
    "time of a login": Check(
        MemoryLoginStore, "under_way", "and login.expires_at > now", "", attacks.under_way_for_too_long
    ),
    "level of an answer": Check(
        Federation, "_judged", "and verdict.identity.level < login.level", "and False", attacks.level_not_reached
    ),
    "sub that was asked for": Check(
        Federation,
        "_signed_in",
        "if asked.subject not in {None, done.finished.login.subject}:",
        "if False:",
        attacks.another_person_than_asked_for,
    ),
    "client of a code": Check(
        authlib_server._CodeGrant,
        "query_authorization_code",
        "or answer.row.client != client.registered.client.id",
        "",
        attacks.code_of_another_client,
    ),
    "address of a code": Check(
        authlib_server._Code,
        "get_redirect_uri",
        "return self._redirect_uri",
        "return None",
        attacks.code_with_another_address,
    ),
    "town of a code": Check(
        CodeExchange, "find", "or login.municipality != issuer.municipality", "", attacks.code_at_another_town
    ),
    "code once": Check(memory, "_redeemable", "and not issued.used", "", attacks.code_twice),
    "time of a code": Check(memory, "_redeemable", "and issued.code.expires_at > now", "", attacks.code_too_late),
    "verifier": Check(
        CodeChallenge, "validate_code_verifier", "if not ", "return\n    if not ", attacks.wrong_verifier
    ),
    "town of a token": Check(
        Userinfo, "_opened_by", "or login.municipality != issuer.municipality", "", attacks.token_at_another_town
    ),
    "level of a session": Check(
        Sessions, "usable", "or session.level < asked.level", "", attacks.session_below_the_level
    ),
    "max_age": Check(Sessions, "usable", "if asked.max_age is not None and", "if False and", attacks.session_too_old),
    "prompt=login": Check(
        Sessions, "usable", "or _ASKS_AGAIN & set(asked.prompt)", "", attacks.session_though_asked_to_log_in
    ),
    "client of a session": Check(
        MemoryLoginStore,
        "session",
        "(session.cookie, session.client) == (cookie, client)",
        "session.cookie == cookie",
        attacks.session_of_another_client,
    ),
    "town of a session": Check(
        Sessions, "usable", "or session.municipality != issuer.municipality", "", attacks.session_of_another_town
    ),
    "provider of a session": Check(
        Beginning,
        "_again",
        ".login.provider) is None:",
        ".login.provider) is False:",
        attacks.session_of_a_disabled_provider,
    ),
    "time of a session": Check(memory, "_stands", "now < min(", "now != min(", attacks.session_too_long_unused),
    "app that any other could be": Check(
        Beginning, "authorize", "if to.certain else None", "", attacks.session_for_another_app
    ),
    "client of a hint": Check(
        Beginning, "_with_hint", 'or hint["aud"] != asked.client', "", attacks.hint_for_another_client
    ),
    "issuer of a hint": Check(id_tokens, "hinted", 'and claims.get("iss") == issuer', "", attacks.hint_of_another_town),
    "signature of a hint": Check(
        IdTokenKeys,
        "verify",
        "return jws.verify(token, key, alg=alg)",
        "return jws.unproven(token)",
        attacks.hint_that_nobody_signed,
    ),
    "sign-out that is meant": Check(
        SigningOut,
        "step",
        "if cookies.session is not None and not ours:",
        "if False:",
        attacks.signed_out_by_a_stranger,
    ),
    "address after signing out": Check(
        SigningOut,
        "_wish",
        "and not self._may_go_to(address, client_id)",
        "and False",
        attacks.led_away_after_signing_out,
    ),
    "login_ref of another portal": Check(
        binding, "usable", "login.owner == client.id\n        and ", "", attacks.taken(owner="second")
    ),
    "login_ref of another town": Check(
        binding,
        "usable",
        "and login.municipality == municipality.ars",
        "",
        attacks.taken(municipality=OTHER.municipality),
    ),
    "login_ref of another issuer": Check(
        binding, "usable", "and login.issuer == municipality.public_url", "", attacks.taken(issuer=OTHER.url)
    ),
    "login_ref too late": Check(binding, "usable", "and now < login.expires_at", "", attacks.taken(late=True)),
    "login_ref twice": Check(
        binding, "usable", "and login.submission is None", "", attacks.taken(submission=logins.login().id)
    ),
    "login_ref of nobody any more": Check(
        binding, "usable", "and login.identity is not None", "", attacks.taken(identity=None)
    ),
}


def taken_out(check: Check) -> FunctionType:
    """The function with other words in the place of the check's."""
    whole = getattr(check.owner, check.function)
    source = textwrap.dedent(inspect.getsource(whole))
    assert source.count(check.words) >= 1, (check.function, check.words)
    code = compile(source.replace(check.words, check.instead, 1), "<without>", "exec", future.annotations.compiler_flag)
    made: dict[str, FunctionType] = {}
    exec(code, whole.__globals__, made)
    return made[check.function]


@pytest.mark.parametrize("name", CHECKS)
async def test_a_check_stops_its_attack_and_nothing_else_does(name, monkeypatch):
    check = CHECKS[name]
    assert await check.attack(World()) is False
    monkeypatch.setattr(getattr(check.owner, check.function), "__code__", taken_out(check).__code__)
    assert await check.attack(World()) is True
