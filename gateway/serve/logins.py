"""How people log in at `gateway serve`: the flow of logins between portals and identity providers.

Knows: which parts of the runtime it is made of, and when nobody logs in here. Never does: any step of a login.
Standard: architecture §2. Start reading: `open_logins`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.bundid.refusal import IDENTITY_REASONS
from gateway.bundid.refusal import REASONS as ANSWER_REASONS
from gateway.errors import SettingsInvalid
from gateway.errors.recurring import Failures, repeat
from gateway.login.clients import Registry
from gateway.login.codes import CodeExchange
from gateway.login.federation import Federation
from gateway.login.figures import LoginFigures
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.provider import Provider
from gateway.login.refusals import REASONS
from gateway.login.tokens import Issuer
from gateway.outbound.httpx_transport import httpx_client
from gateway.store.operation import login_outcomes
from gateway.web.login.flow import LoginDependencies
from gateway.wiring import id_token_signing
from gateway.wiring.identity import IdentityProviders, changed_entity_ids
from gateway.wiring.identity_metadata import fetch_first, renew_all
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime

ANSWERS_EVERY_S: Final = 5.0
METADATA_EVERY_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Logins:
    """What logins need beside the token server: the identity providers of each municipality, keys of ID tokens.

    Without `keys` and `codes` no client has an address to come back to: identity providers get our metadata already,
    which they are asked to take long before the first portal logs in.
    """

    providers: IdentityProviders
    figures: LoginFigures
    keys: IdTokenKeys | None
    codes: CodeExchange | None

    def flow(
        self, runtime: Runtime, registry: Registry, issuers: Sequence[Issuer], portals: Provider
    ) -> LoginDependencies:
        """The flow, and the identity providers by the names that stand in addresses."""
        if self.keys is None:
            return LoginDependencies(None, self.providers.named, self.figures)
        federation = Federation(
            logins=runtime.store.logins,
            providers=self.providers.of,
            registry=registry,
            issuers=issuers,
            clock=runtime.clock,
            random=os.urandom,
            portals=portals,
            keys=self.keys,
            figures=self.figures,
        )
        return LoginDependencies(federation, self.providers.named, self.figures)

    async def count(self, runtime: Runtime, failures: Failures) -> None:
        """Write down again and again what became of answers, for the alarm; until cancelled."""
        await repeat(failures, "login_answers", lambda: self._write(runtime), ANSWERS_EVERY_S)

    async def keep_metadata(self, runtime: Runtime, failures: Failures) -> None:
        """Renew metadata by address again and again where no worker on this machine does; until cancelled.

        Alarms about them are the worker's affair, wherever it runs.
        """
        settings, files = runtime.settings, runtime.files
        await asyncio.sleep(METADATA_EVERY_S)
        async with httpx_client(policy(settings), durations=runtime.durations) as client:
            renewing = partial(renew_all, settings, files, client, runtime.clock)
            await repeat(failures, "identity_metadata", renewing, METADATA_EVERY_S)

    async def _write(self, runtime: Runtime) -> None:
        taken = self.figures.take()
        try:
            if taken:
                await login_outcomes.write(runtime.store.database, taken, runtime.clock.now())
        except Exception:
            self.figures.put_back(taken)
            raise


async def open_logins(runtime: Runtime) -> Logins | None:
    """What people log in by; None where no town has an identity provider.

    Metadata by address of which there is no copy yet are fetched first, for a few seconds at most.

    Raises `SettingsInvalid`, also where an entity_id is another than that under which accounts are known.
    """
    if not any(file.identity.providers for file in runtime.files):
        return None
    findings = await changed_entity_ids(runtime.files, runtime.store.logins)
    if findings:
        raise SettingsInvalid(findings=findings)
    way_out = partial(httpx_client, policy(runtime.settings), durations=runtime.durations)
    await fetch_first(runtime.settings, runtime.files, way_out, runtime.clock.now())
    providers = await asyncio.to_thread(IdentityProviders, runtime.settings, runtime.files)
    keys = await asyncio.to_thread(id_token_signing.id_token_keys, runtime.settings)
    figures = LoginFigures({*REASONS, *ANSWER_REASONS, *IDENTITY_REASONS})
    codes = CodeExchange(runtime.store.logins, keys, runtime.clock, os.urandom, figures) if keys else None
    return Logins(providers, figures, keys, codes)
