"""What the sandbox writes is valid by the OASIS schemas, decrypted assertions included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from gateway.sandbox.identity.accounts import persons

from .peers import NS, decrypted

if TYPE_CHECKING:
    from .peers import Answered, ServiceProviderPeer

schemas = pytest.importorskip("gateway.bundid.schemas", reason="the schemas of OASIS are not there")


def parts(answered: Answered) -> list[bytes]:
    """The response, and the assertion in it where there is one."""
    found = answered.root.find("a:EncryptedAssertion", NS)
    inner = [] if found is None else [decrypted(found, answered.peer.key)]
    return [etree.tostring(answered.root), *inner]


async def test_answers_are_valid(provider: ServiceProviderPeer) -> None:
    for person in ("kaethe-grosse", "lange-namen", "nur-benutzername", "zu-wenig-angaben"):
        level = {1: "basic", 3: "substantial", 4: "high"}[
            max(number for number in (1, 3, 4) if persons()[person].method(number, frozenset(persons()[person].means)))
        ]
        answered = await provider.logged_in(person, level, provider.xml(level=1))
        assert all(map(schemas.is_valid, parts(answered))), person
    muk = await provider.logged_in(
        "heimatverein", "substantial", provider.xml(path="/ekona/sso", inner=""), path="/ekona/sso"
    )
    assert all(map(schemas.is_valid, parts(muk)))
    await provider.order("/login", {"failure": "cancel"})
    assert all(map(schemas.is_valid, parts(provider.answered(await provider.post(provider.xml())))))


@pytest.mark.parametrize("kind", ["no_encryption", "response_signature", "extra_assertion", "pss", "unsolicited"])
async def test_answers_that_deviate_are_valid_all_the_same(provider: ServiceProviderPeer, kind: str) -> None:
    await provider.order("/faults", {"match": "* /idp/*", "kind": kind})
    answered = await provider.logged_in("kaethe-grosse", "high")
    assert all(map(schemas.is_valid, parts(answered)))
