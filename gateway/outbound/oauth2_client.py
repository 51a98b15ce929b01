"""Authlib's OAuth 2 client over our way out: a token by client credentials, shown with each request.

Knows: how Authlib is given our transport. Never does: reach out by itself, keep cookies.
Standard: RFC 6749 §4.4, RFC 6750. Start reading: `oauth2_client`.
"""

from __future__ import annotations

import warnings
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from gateway.outbound.client import Policy, http_client
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_transport import OutboundTransport

with warnings.catch_warnings(record=True, action="ignore"):  # it says each time that it prefers httpx's successor
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

__all__ = ("GRANT", "AsyncOAuth2Client", "OAuthError", "oauth2_client")

GRANT: Final = "client_credentials"


def oauth2_client(  # noqa: PLR0913 - a client, where it signs in, and what it is told by
    policy: Policy, token_url: str, client_id: str, client_secret: str, *, call: str, durations: Durations | None = None
) -> AsyncOAuth2Client:
    """A client of that token endpoint which keeps `policy`; the caller closes it. `call` names its failpoint."""
    return AsyncOAuth2Client(
        client_id,
        client_secret,
        token_endpoint=token_url,
        grant_type=GRANT,
        transport=OutboundTransport(http_client(policy, durations=durations), call=call),
        timeout=httpx.Timeout(connect=policy.connect_s, read=policy.read_s, write=policy.write_s, pool=policy.pool_s),
        headers={"User-Agent": policy.user_agent},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        trust_env=False,
    )
