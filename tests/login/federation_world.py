"""A municipality at which people log in: portals, an app, two identity providers, and a browser that goes round."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.login import id_token_keys
from gateway.login.clients import Registry, RelyingParty, registration
from gateway.login.codes import CodeExchange
from gateway.login.federation import Federation
from gateway.login.figures import LoginFigures
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.logout_requests import LogoutReceiver, LogoutRequests
from gateway.login.provider import Provider
from gateway.login.steps import BrowserCookies, Choose, GoToProvider, Redirect
from gateway.login.tokens import Issuer
from gateway.model import Attested, Client, Identity, Level, Person
from gateway.notify.logouts import LogoutNotice
from gateway.ports.identity import Authenticated, ProviderStep, RefusalKind, Refused
from gateway.store.memory.logins import MemoryLoginStore
from tests.logins import UsedInMemory

TOWN = Issuer("https://login.tangerhuette.example", "150900546546")
OTHER = Issuer("https://login.stendal.example", "150900535535")
SECRET = "portal-secret-1"
CALLBACK = "https://portal.example/cb"
VERIFIER = "v" * 50
STATE = "state-1"


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def person(name: str = "Müller-Lüdenscheidt", level: Level = Level.SUBSTANTIAL, account: str | None = "bpk2-1"):
    values = {
        "given_name": Attested("Änne", level),
        "family_name": Attested(name, level),
        "birthdate": Attested("1964-08-12", level),
        "email": Attested("aenne@example.org", Level.LOW),
        "street_address": Attested("Breite Str. 1", level),
        "postal_code": Attested("39517", level),
        "locality": Attested("Tangerhütte", level),
    }
    return Identity(
        "bundid",
        "https://idp.example",
        level,
        datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        account=account,
        means="eID",
        second_factor=True,
        person=Person(values),
    )


class Random:
    """Bytes that differ each time and are the same in each run."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def __call__(self, size: int) -> bytes:
        return hashlib.shake_256(str(next(self._count)).encode()).digest(size)


@dataclass
class Clock:
    at: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeProvider:
    """An identity provider whose answers are JSON: who it is, in answer to which request."""

    name: str = "bundid"
    display_name: str = "BundID"
    entity_id: str = "https://login.tangerhuette.example"
    audience: str = "person"
    enabled: bool = True
    levels: tuple[Level, ...] = (Level.BASIC, Level.SUBSTANTIAL, Level.HIGH)
    identity: Identity = field(default_factory=person)
    asked: list = field(default_factory=list)
    answers: itertools.count = field(default_factory=itertools.count)

    def begin(self, request):
        self.asked.append(request)
        fields = {"SAMLRequest": request.request_id, "RelayState": request.relay_state}
        return ProviderStep("https://idp.example/sso", fields)

    def answer(self, refused: tuple[str, str] | None = None) -> list[tuple[str, str]]:
        """The form that comes back for the last request."""
        request = self.asked[-1]
        said = {"to": request.request_id, "key": next(self.answers), "refused": refused}
        return [("SAMLResponse", json.dumps(said)), ("RelayState", request.relay_state)]

    def judge(self, answer, expected):
        said = json.loads(answer)
        if said["to"] != expected.request_id:
            return Refused(RefusalKind.FAILED, "other_request")
        if said["refused"]:
            return Refused(RefusalKind(said["refused"][0]), said["refused"][1])
        identity = replace(self.identity, authenticated_at=expected.now)
        return Authenticated(identity, str(said["key"]).encode(), expected.now + timedelta(seconds=300))

    def metadata(self):
        return b""


@cache
def signing_keys():
    return IdTokenKeys(
        [id_token_keys.read_private(id_token_keys.generate(alg, f"id-token-{alg}")) for alg in id_token_keys.ALGORITHMS]
    )


def client(name: str, *, secret: str | None = SECRET, method: str | None = None, jwks=None, **party):
    known = {"redirect_uris": (CALLBACK,)} | party
    return registration(
        Client(name, frozenset(), frozenset({TOWN.municipality, OTHER.municipality})),
        secret=secret,
        jwks=jwks,
        token_auth_method=method,
        relying_party=RelyingParty(**known),
    )


APP = "com.example.app:/cb"
LOOPBACK = "http://127.0.0.1/cb"
LINK = "https://app.example/cb"


def clients():
    return [
        client("portal", post_logout_redirect_uris=("https://portal.example/bye",)),
        client("second"),
        client("posting", method="client_secret_post"),
        client("free", require_pkce=False),
        client("quiet", backchannel_logout_uri="https://quiet.example/logout", id_token_alg="ES256"),
        client("app", secret=None, public=True, portal="portal", redirect_uris=(APP, LOOPBACK, LINK)),
        registration(
            Client("elsewhere", frozenset(), frozenset({OTHER.municipality})),
            secret=SECRET,
            relying_party=RelyingParty((CALLBACK,)),
        ),
        registration(Client("machine", frozenset(), frozenset({TOWN.municipality})), secret=SECRET),
    ]


class World:
    """Everything of one municipality, and one browser."""

    def __init__(
        self, clock=None, logins=None, issuer: Issuer = TOWN, *, figures=None, tries=None, random=None
    ) -> None:
        self.figures = figures or LoginFigures()
        self.clock = clock or Clock()
        self.random = random or Random()
        self.logins = logins or MemoryLoginStore(self.clock, self.random)
        self.bundid = FakeProvider()
        self.muk = FakeProvider("muk", "Mein Unternehmenskonto", audience="organisation", levels=(Level.SUBSTANTIAL,))
        self.providers = [self.bundid]
        self.registry = Registry(clients())
        self.keys = signing_keys()
        codes = CodeExchange(self.logins, self.keys, self.clock, self.random, self.figures)
        self.provider = Provider(
            issuers=(issuer, OTHER),
            registry=self.registry,
            key=private_key(generate_ed25519("gateway-token-1")[0]),
            clock=self.clock,
            new_id=lambda: self.random(8).hex(),
            used=UsedInMemory(),
            codes=codes,
            tries=tries,
        )
        self.federation = Federation(
            logins=self.logins,
            providers=lambda ars: self.providers if ars == TOWN.municipality else [],
            registry=self.registry,
            issuers=(issuer, OTHER),
            clock=self.clock,
            random=self.random,
            portals=self.provider,
            keys=self.keys,
            figures=self.figures,
        )
        self.cookies = BrowserCookies()

    def parameters(self, **more) -> list[tuple[str, str]]:
        said = {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": CALLBACK,
            "scope": "openid profile email address",
            "state": STATE,
            "nonce": "nonce-1",
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
        } | more
        return [(name, value) for name, value in said.items() if value is not None]

    async def authorize(self, parameters=None, *, issuer=TOWN, **more):
        step = await self.federation.authorize(
            issuer, parameters if parameters is not None else self.parameters(**more), self.cookies, "192.0.2.1"
        )
        return self._took(step)

    async def choose(self, choose: Choose, provider: str):
        handle = parse_qs(urlsplit(choose.offers[0].address).query)["login"][0]
        return self._took(await self.federation.choose(TOWN, handle, provider, self.cookies))

    async def answered(self, form=None, provider: str = "bundid"):
        return await self.federation.answered(TOWN.municipality, provider, form or self.bundid.answer())

    async def finish(self, step: Redirect, *, cookies=None, issuer=TOWN):
        said = dict(parse_qsl(urlsplit(step.location).query))
        return self._took(await self.federation.finish(issuer, said["login"], said["answer"], cookies or self.cookies))

    async def login(self, **more):
        """From request to code; the step with which the browser comes back to the portal."""
        step = await self.authorize(**more)
        assert isinstance(step, GoToProvider), step
        kept = await self.answered()
        assert isinstance(kept, Redirect), kept
        return await self.finish(kept)

    async def code(self, **more) -> str:
        return told(await self.login(**more))["code"]

    async def token(
        self, code: str, *, client="portal", secret=SECRET, host="login.tangerhuette.example", address="", **more
    ):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        form = {name: value for name, value in (form | more).items() if value is not None}
        header = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode() if client else None
        return await self.provider.token(host, header, urlencode(form).encode(), address=address)

    async def userinfo(self, token: str, issuer=TOWN, address=""):
        return await self.federation.userinfo(issuer, [f"Bearer {token}"], [], address)

    def _took(self, step):
        given = step.cookies
        login = self.cookies.login if given.login is None else given.login or None
        session = self.cookies.session if given.session is None else given.session or None
        self.cookies = BrowserCookies(login, session)
        return step


def told(step) -> dict[str, str]:
    """What a redirect to the portal says."""
    assert isinstance(step, Redirect), step
    return dict(parse_qsl(urlsplit(step.location).query, keep_blank_values=True))


def requests(world, client="quiet", address="https://quiet.example/logout", alg="ES256"):
    """What the worker makes requests with, for the portal that wants to be told."""

    async def keys():
        return world.keys

    return LogoutRequests(
        receivers={client: LogoutReceiver(address, alg)},
        issuers={TOWN.municipality: TOWN.url},
        logins=world.logins,
        keys=keys,
        clock=world.clock,
        new_id=uuid4,
    )


def notice_of(session):
    """What the worker reads of an ended session."""
    return LogoutNotice(
        session.id, 1, session.used_at, municipality=session.municipality, client=session.client, login=session.login
    )
