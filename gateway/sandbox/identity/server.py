"""The identity sandbox as a web server: its addresses, its readiness line, its life.

Knows: which endpoint stands where. Never does: listen on anything but what it is told; loopback by default.
Standard: fixed interfaces §1 (readiness line). Start reading: `serve`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.routing import Mount
from starlette.types import ASGIApp

from gateway.httpserver.opening import listen, locked
from gateway.outbound.client import Policy
from gateway.sandbox.identity import admin, names, sso
from gateway.sandbox.identity.accounts import organisations, persons
from gateway.sandbox.identity.profiles import BUNDID, MUK, ShapedProvider
from gateway.sandbox.identity.sandbox import IdentitySandbox
from gateway.sandbox.serving import application, base_url, fetched, served

_POLICY: Final = Policy(connect_s=3, read_s=5, user_agent="identity-sandbox")


def app(sandbox: IdentitySandbox) -> ASGIApp:
    """The whole sandbox as an ASGI application, faults included."""
    return application(sandbox, [*sso.routes(), Mount(sandbox.admin_path, routes=list(admin.ROUTES))])


def readiness(sandbox: IdentitySandbox) -> dict[str, Any]:
    """The readiness line."""
    return {
        **_addresses(sandbox, BUNDID),
        "persons": [{"id": person.id, "name": person.name} for person in persons().values()],
        "organisations": [
            {"id": organisation.id, "name": organisation.name} for organisation in organisations().values()
        ],
        "muk": _addresses(sandbox, MUK),
        "admin": sandbox.base_url + sandbox.admin_path,
        "pid": os.getpid(),
    }


async def serve(  # noqa: PLR0913 - what the command can be told, all of it named
    *,
    data: Path | None,
    port: int,
    host: str = "127.0.0.1",
    trusted: tuple[str, ...] = (),
    on_ready: Callable[[dict[str, Any]], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; ends within 10 s then.

    Args:
        data: directory to keep everything in; None: a temporary one, removed at the end.
        port: TCP port; 0 lets the system choose.
        host: address to listen on.
        trusted: files and addresses of service providers' metadata; an address is asked when one is not known.
        on_ready: gets the readiness line once requests are answered.
        stop: set it to end.

    Raises `AddressTaken`, `AlreadyServing` where another process has `data`, and `FileUnusable`.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="identity-sandbox-")))
        stack.enter_context(locked(directory, "sandbox.lock"))
        base = base_url(host, listener)
        sandbox = await asyncio.to_thread(
            IdentitySandbox.open,
            directory,
            base_url=base,
            trusted=trusted,
            fetch=partial(fetched, policy=_POLICY, call="sandbox.service_provider"),
        )
        async with served(app(sandbox), listener, stop) as answers:
            if answers:
                on_ready(readiness(sandbox))


def _addresses(sandbox: IdentitySandbox, profile: ShapedProvider) -> dict[str, str]:
    return {
        "idp_metadata": sandbox.entity_id(profile),
        "entity_id": sandbox.entity_id(profile),
        "sso_post": sandbox.base_url + profile.path(names.POST),
        "sso_redirect": sandbox.base_url + profile.path(names.REDIRECT),
    }
