"""The metadata of both identity providers.

Knows: entity id, addresses, one key for signatures. Never does: read metadata. Standard: SAML 2.0 metadata §2.4.3.
Start reading: `written`.
"""

from __future__ import annotations

from gateway.sandbox.identity import names
from gateway.sandbox.identity.assertion import escaped
from gateway.sandbox.identity.keyring import SigningPair
from gateway.sandbox.identity.profiles import ShapedProvider


def written(profile: ShapedProvider, base_url: str, pair: SigningPair) -> bytes:
    """The metadata of one identity provider."""
    entity_id = escaped(base_url + profile.entity_path)
    addresses = "".join(
        f'<md:SingleSignOnService Binding="{binding}" Location="{escaped(base_url + profile.path(binding))}"/>'
        for binding in (names.POST, names.REDIRECT)
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="{names.METADATA}"'
        f' entityID="{entity_id}"><md:IDPSSODescriptor WantAuthnRequestsSigned="true"'
        f' protocolSupportEnumeration="{names.PROTOCOL}"><md:KeyDescriptor use="signing">'
        f'<ds:KeyInfo xmlns:ds="{names.DS}"><ds:X509Data><ds:X509Certificate>{pair.certificate_text}'
        f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f"<md:NameIDFormat>{profile.name_id_format}</md:NameIDFormat>{addresses}</md:IDPSSODescriptor>"
        "</md:EntityDescriptor>"
    )
    return text.encode()
