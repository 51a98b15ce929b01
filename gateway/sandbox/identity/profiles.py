"""The two identity providers that one sandbox is.

Knows: their paths and what differs between them. Never does: anything itself. Standards: BundID interface 10.2, NEZO.
Start reading: `BUNDID`, `MUK`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.sandbox.identity import names


@dataclass(frozen=True, slots=True)
class ShapedProvider:
    """One identity provider: where it stands and how it answers."""

    name: str
    title: str
    entity_path: str
    post_path: str
    redirect_path: str
    name_id_format: str
    attribute_format: str
    signs: str
    """What carries the signature: `assertion` or `response`."""
    extension: bool
    """Whether a request needs the akdb extension."""
    cancelled: str
    """The message of an answer when the person cancelled."""

    def path(self, binding: str) -> str:
        """Where requests by this binding come."""
        return self.post_path if binding == names.POST else self.redirect_path


BUNDID: Final = ShapedProvider(
    name="bundid",
    title="BundID (Sandbox)",
    entity_path="/idp",
    post_path="/idp/profile/SAML2/POST/SSO",
    redirect_path="/idp/profile/SAML2/Redirect/SSO",
    name_id_format=names.TRANSIENT,
    attribute_format=names.FORMAT_URI,
    signs="assertion",
    extension=True,
    cancelled="Authentication was canceled by the user.",
)
MUK: Final = ShapedProvider(
    name="muk",
    title="Mein Unternehmenskonto (Sandbox)",
    entity_path="/ekona",
    post_path="/ekona/sso",
    redirect_path="/ekona/sso/redirect",
    name_id_format=names.PERSISTENT,
    attribute_format=names.FORMAT_BASIC,
    signs="response",
    extension=False,
    cancelled="Die ELSTER-seitige Authentifizierung wurde durch den Benutzer abgebrochen.",
)
ALL: Final = (BUNDID, MUK)
