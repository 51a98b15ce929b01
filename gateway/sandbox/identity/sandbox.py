"""The identity sandbox as one object: what its endpoints share.

Knows: keys, service providers, logins under way, orders, outcomes, clock, faults. Never does: speak HTTP or XML.
Standard: none. Start reading: `IdentitySandbox.open`.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from starlette.requests import Request

from gateway.errors import FileUnusable
from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.faults import Fault
from gateway.sandbox.identity import accounts, keyring, profiles, service_providers
from gateway.sandbox.identity.authn_request import AskedLogin
from gateway.sandbox.identity.keyring import SigningPair
from gateway.sandbox.identity.profiles import ShapedProvider
from gateway.sandbox.identity.refusals import MetadataRefused, require
from gateway.sandbox.identity.service_providers import ServiceProvider

STRANGER: Final = "stranger"
_REMEMBERED: Final = timedelta(minutes=10)
_OPEN_MOST: Final = 10_000
_OUTCOMES: Final = 500
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
Fetch = Callable[[str], Awaitable[bytes | None]]


@dataclass(slots=True)
class LoginOrder:
    """What answers the next request without a page; `left` counts down, None: for ever."""

    account: str | None
    level: int
    failure: str | None
    left: int | None

    def suits(self, profile: ShapedProvider) -> bool:
        """Whether it can answer a request to this identity provider."""
        if self.account is None:
            return True
        return self.account in (accounts.persons() if profile.extension else accounts.organisations())


@dataclass(slots=True)
class IdentitySandbox:
    """All state; changed on the event loop only."""

    directory: Path
    base_url: str
    clock: Clock
    ids: Ids
    pairs: Mapping[str, SigningPair] = field(repr=False)
    facts: dict[str, Any]
    trusted: tuple[str, ...] = ()
    fetch: Fetch | None = None
    providers: list[ServiceProvider] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    orders: list[LoginOrder] = field(default_factory=list)
    outcomes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_OUTCOMES))
    open_logins: dict[str, tuple[AskedLogin, datetime]] = field(default_factory=dict)
    seen: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @staticmethod
    def open(  # noqa: PLR0913 - what a sandbox can be given, all of it named
        directory: Path,
        *,
        base_url: str,
        trusted: tuple[str, ...] = (),
        fetch: Fetch | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        pairs: Mapping[str, SigningPair] | None = None,
    ) -> IdentitySandbox:
        """Open or begin the sandbox in `directory`; `trusted` are files and addresses of metadata.

        Raises `FileUnusable` for a file of `trusted` that is no metadata by BundID's rules.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts, ids = _facts(directory), ids or Ids()
        clock = clock or Clock(offset_s=float(facts.get("clock_offset_s", 0)))
        if pairs is None:
            kinds = (*(profile.name for profile in profiles.ALL), STRANGER)
            pairs = {name: keyring.load(directory / "keys", name, clock.now()) for name in kinds}
        addresses = tuple(source for source in trusted if source.startswith(("http://", "https://")))
        sandbox = IdentitySandbox(directory, base_url, clock, ids, pairs, facts, addresses, fetch)
        if "admin" not in facts:
            sandbox.fact("admin", ids.secret())
        files = [Path(source) for source in trusted if source not in addresses]
        for file in [*sorted((directory / "service-providers").glob("*.xml")), *files]:
            sandbox.learn_file(file)
        return sandbox

    @property
    def admin_path(self) -> str:
        """Where the admin API stands; it holds a secret segment."""
        return f"/admin/{self.facts['admin']}"

    def fact(self, name: str, value: object) -> None:
        """Keep a fact beyond the process."""
        self.facts[name] = value
        part = self.directory / "facts.json.part"
        part.write_text(json.dumps(self.facts), encoding="utf-8")
        part.replace(self.directory / "facts.json")

    def entity_id(self, profile: ShapedProvider) -> str:
        """The entity id of an identity provider, which is also the address of its metadata."""
        return self.base_url + profile.entity_path

    def learn(self, metadata: bytes) -> ServiceProvider:
        """Know a service provider from now on, beyond the process too. Raises `MetadataRefused`."""
        provider = self._know(metadata)
        folder = self.directory / "service-providers"
        folder.mkdir(exist_ok=True, mode=0o700)
        name = hashlib.sha256(provider.entity_id.encode()).hexdigest()[:32]
        (folder / f"{name}.xml").write_bytes(metadata)
        return provider

    def learn_file(self, file: Path) -> None:
        """Know the service provider of a file. Raises `FileUnusable`."""
        try:
            self._know(file.read_bytes())
        except MetadataRefused as error:
            raise FileUnusable(file=str(file), cause=", ".join(error.codes)) from None

    def _know(self, metadata: bytes) -> ServiceProvider:
        provider = service_providers.read(metadata)
        self.providers[:] = [known for known in self.providers if known.entity_id != provider.entity_id]
        self.providers.append(provider)
        return provider

    async def ask_trusted(self, entity_id: str) -> None:
        """Fetch metadata from the trusted addresses where this service provider is not known."""
        if self.fetch is None or service_providers.named(self.providers, entity_id):
            return
        for address in self.trusted:
            metadata = await self.fetch(address)
            if metadata is None:
                continue
            try:
                self._know(metadata)
            except MetadataRefused as error:
                self.note("metadata_refused", codes=list(error.codes))

    def admit(self, asked: AskedLogin) -> None:
        """Take a request once. Raises `RequestRefused`."""
        now = self.clock.now()
        _forget(self.seen, lambda until: until <= now)
        key = (asked.provider.entity_id, asked.id)
        require(key not in self.seen, "saml-request-repeated")
        self.seen[key] = now + _REMEMBERED

    def hold(self, asked: AskedLogin) -> str:
        """Keep a login until the person has chosen; its handle."""
        now = self.clock.now()
        _forget(self.open_logins, lambda held: held[1] <= now or len(self.open_logins) >= _OPEN_MOST)
        handle = self.ids.secret()
        self.open_logins[handle] = (asked, now + _REMEMBERED)
        return handle

    def held(self, handle: str) -> AskedLogin:
        """The login of this handle. Raises `RequestRefused`."""
        asked, until = self.open_logins.get(handle, (None, self.clock.now()))
        require(asked is not None and until > self.clock.now(), "login-answered")
        assert asked is not None
        return asked

    def ordered(self, profile: ShapedProvider) -> LoginOrder | None:
        """The order that answers a request to this identity provider now, used up by that."""
        order = next((order for order in self.orders if order.suits(profile)), None)
        if order is not None and order.left is not None:
            order.left -= 1
            self.orders[:] = [order for order in self.orders if order.left != 0]
        return order

    def note(self, outcome: str, **more: object) -> None:
        """Remember what became of a request, for whoever asks the admin API."""
        self.outcomes.append({"outcome": outcome, "at": self.clock.now().isoformat(), **more})

    def reset(self) -> None:
        """As freshly started; keys, addresses and service providers stay."""
        for records in (self.faults, self.orders, self.outcomes, self.open_logins, self.seen):
            records.clear()
        self.clock.advance(-self.clock.offset_s)
        self.fact("clock_offset_s", 0.0)


def _forget(kept: dict[_Key, _Value], over: Callable[[_Value], bool]) -> None:
    """Drop the oldest entries as long as they are over: all last equally long, so those behind a living one live."""
    while kept and over(kept[oldest := next(iter(kept))]):
        del kept[oldest]


def _facts(directory: Path) -> dict[str, Any]:
    file = directory / "facts.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def sandbox_of(request: Request) -> IdentitySandbox:
    """The sandbox that a request reaches."""
    sandbox: IdentitySandbox = request.app.state.sandbox
    return sandbox
