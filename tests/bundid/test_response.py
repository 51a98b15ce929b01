"""Well-made answers of every allowed make give their assertion; a status gives the page that it deserves."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from gateway.bundid.assertion import SamlAttribute
from gateway.bundid.refusal import REASONS
from gateway.bundid.response import ResponseRefused, read
from gateway.ports.identity import RefusalKind

from . import responses as made
from .attacks_on_statements import SKEW_EDGES, audience
from .responses import ENC, ENC11, RESPONSE_ID, Encrypting, Signing, answer, encrypted, genuine, signed

EITHER = {"signature": "assertion_or_response"}
ACCOUNT = SamlAttribute(made.BPK2, ("k2jBT0cykDVq-person",), "HOCH")


def reading(document: bytes, **rules: object):
    return read(answer(document), made.rules(**rules))


def test_an_answer_is_read_as_it_stands_there():
    got = reading(genuine())
    assert (got.id, got.issuer, got.authn_context) == (made.ASSERTION_ID, made.IDP, "STORK-QAA-Level-4")
    assert (got.name_id, got.name_id_format) == ("_person", made.SAML + "nameid-format:transient")
    assert got.authn_instant == made.NOW - timedelta(seconds=20)
    assert got.not_on_or_after == made.NOW + timedelta(seconds=240)
    assert got.attributes == (ACCOUNT, SamlAttribute(made.NAME, ("Jürgen",), "HOCH"))
    assert not got.one_time_use
    assert not any(value in repr(got) for value in ("Jürgen", "_person", "k2j"))


@pytest.mark.parametrize("content", sorted(made.ALGORITHMS.content))
@pytest.mark.parametrize(
    "transport",
    [
        {"transport": ENC + "rsa-oaep-mgf1p", "digest": None, "mask": None},
        {"transport": ENC + "rsa-oaep-mgf1p", "digest": "sha1", "mask": None},
        {"transport": ENC + "rsa-oaep-mgf1p", "digest": "sha256", "mask": None},
        {"transport": ENC11 + "rsa-oaep", "digest": None, "mask": None},
        {"transport": ENC11 + "rsa-oaep", "digest": "sha256", "mask": "sha1"},
        {"transport": ENC11 + "rsa-oaep", "digest": "sha256", "mask": "sha256"},
        {"transport": ENC11 + "rsa-oaep", "digest": "sha512", "mask": "sha512"},
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_every_way_to_encrypt(content, transport, beside):
    how = Encrypting(content=content, beside=beside, **transport)
    assert ACCOUNT in reading(made.response(encrypted(signed(made.assertion()), how))).attributes


def test_a_key_beside_may_be_pointed_to_within_the_document():
    pointer = f'<ds:RetrievalMethod Type="{ENC}EncryptedKey" URI="#_ek"/>'
    how = Encrypting(beside=True, retrieval=pointer)
    assert reading(made.response(encrypted(signed(made.assertion()), how))).id == made.ASSERTION_ID


@pytest.mark.parametrize("method", sorted(made.ALGORITHMS.signature))
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_every_way_to_sign(method, digest):
    curve = "ecdsa" in method
    by = made.curve_key() if curve else made.key("idp")
    how = Signing(by=by, method=method, digest=digest)
    inner = encrypted(signed(made.assertion(), how=how))
    document = signed(made.response(inner), RESPONSE_ID, how)
    assert reading(document, verification_keys=(by.public_key(),)).id == made.ASSERTION_ID


@pytest.mark.parametrize("wrapped", [bytes, encrypted])
@pytest.mark.parametrize("inner", [made.assertion, lambda: signed(made.assertion())])
def test_a_signed_response_suffices_where_the_profile_says_so(wrapped, inner):
    document = signed(made.response(wrapped(inner())), RESPONSE_ID)
    assert ACCOUNT in reading(document, **EITHER).attributes


def test_a_plain_assertion_that_is_signed_is_taken_and_needs_no_issuer_of_the_response():
    assert reading(made.response(signed(made.assertion()), issuer="")).id == made.ASSERTION_ID


def leaning(inner: bytes) -> bytes:
    """An assertion as libxmlsec encrypts it: its prefix is declared by the Response."""
    declared = f' xmlns:saml2="{made.SAML}assertion"'.encode()
    assert declared in inner
    return inner.replace(declared, b"", 1)


def test_a_plaintext_may_lean_on_prefixes_of_the_document_around():
    assert reading(made.response(encrypted(leaning(signed(made.assertion()))))).id == made.ASSERTION_ID
    document = signed(made.response(encrypted(leaning(made.assertion()))), RESPONSE_ID)
    assert ACCOUNT in reading(document, **EITHER).attributes


@pytest.mark.parametrize("first", ["idp", "next"])
def test_keys_of_both_sides_roll_over(first):
    pinned = (made.key("idp").public_key(), made.key("next").public_key())
    inner = encrypted(signed(made.assertion(), how=Signing(by=made.key(first))), Encrypting(to="old"))
    keys = (made.key("ours"), made.key("old"))
    assert reading(made.response(inner), verification_keys=pinned, decryption_keys=keys).id == made.ASSERTION_ID


def test_lines_broken_in_base64_are_as_good_as_none():
    field = answer(genuine())
    lines = b"\r\n".join(field[at : at + 76] for at in range(0, len(field), 76))
    assert read(lines, made.rules()).id == made.ASSERTION_ID
    how = Signing(values=("\n{}\n", "\n{}&#13;\n"))
    assert reading(made.response(signed(made.assertion(), how=how))).id == made.ASSERTION_ID


def test_the_key_information_that_came_along_counts_for_nothing():
    how = Signing(key_info="<ds:KeyInfo><ds:KeyName>any</ds:KeyName></ds:KeyInfo>")
    assert reading(made.response(signed(made.assertion(), how=how))).id == made.ASSERTION_ID
    assert reading(made.response(signed(made.assertion(), how=Signing(key_info="")))).id == made.ASSERTION_ID


@pytest.mark.parametrize("edge", SKEW_EDGES)
def test_clocks_may_differ_by_the_skew_and_not_more(edge):
    assert reading(genuine(**SKEW_EDGES[edge])).id == made.ASSERTION_ID
    with pytest.raises(ResponseRefused) as refusal:
        reading(genuine(**SKEW_EDGES[edge]), skew_s=59)
    assert refusal.value.reason == edge


def test_of_several_confirmations_one_bearer_that_holds_suffices():
    several = made.confirmation("holder-of-key") + made.confirmation(end=-120) + made.confirmation(end=100)
    assert reading(genuine(confirmations=several)).not_on_or_after == made.NOW + timedelta(seconds=100)


def test_an_address_of_the_browser_and_names_of_attributes_for_people_do_not_matter():
    document = genuine(confirmations=made.CONFIRMATION.replace("192.0.2.7", "2001:db8::1"))
    assert reading(document).id == made.ASSERTION_ID


def test_one_time_use_and_a_permission_to_proxy_are_understood():
    proxy = f'<saml2:ProxyRestriction Count="1"><saml2:Audience>{made.SP}</saml2:Audience></saml2:ProxyRestriction>'
    assert reading(genuine(conditions=made.AUDIENCE + "<saml2:OneTimeUse/>" + proxy)).one_time_use
    assert reading(genuine(conditions=audience(made.SP) * 2 + "<saml2:ProxyRestriction/>")).id == made.ASSERTION_ID


def test_an_assertion_without_name_or_attributes_is_read():
    got = reading(genuine(name_id="", attributes=made.attribute("leer")))
    assert (got.name_id, got.attributes) == (None, (SamlAttribute("leer", (), "HOCH"),))


def test_values_are_texts_as_they_were_signed_or_elements_by_their_names():
    address = (
        '<e:Strasse xmlns:e="http://www.elster.de/schema/ekona/saml/extensions">Lu\u0308ttich-Weg</e:Strasse>'
        "<Ort>Stendal</Ort><Land><Kuerzel>DE</Kuerzel></Land><Zusatz/>"
    )
    values = made.attribute("Unternehmensanschrift", address) + made.attribute(made.NAME, "Ju\u0308rgen", "Zwei")
    (first, second) = reading(genuine(attributes=values)).attributes
    assert first.values == ({"Strasse": "Lu\u0308ttich-Weg", "Ort": "Stendal", "Land/Kuerzel": "DE", "Zusatz": ""},)
    assert second.values == ("Ju\u0308rgen", "Zwei")


def test_a_level_of_another_namespace_is_none_and_blanks_in_an_oid_do_not_count():
    foreign = made.attribute(made.BPK2.replace("oid:", "oid: ") + " ", "x").replace("akdb:TrustLevel", "TrustLevel")
    document = made.assertion(attributes=foreign.replace("TrustLevel", 'xmlns:f="urn:f" f:TrustLevel'))
    (got,) = reading(made.response(encrypted(signed(document)))).attributes
    assert (got.name, got.trust_level) == (made.BPK2, None)


def test_only_wanted_attributes_are_read_and_others_may_be_repeated():
    roles = made.attribute("Role", "a") + made.attribute("Role", "b") + made.attribute("Photo", "x" * 10_000)
    document = genuine(attributes=roles + made.ATTRIBUTES)
    wanted = frozenset({made.BPK2, "nothing"})
    assert reading(document, attributes=wanted).attributes == (ACCOUNT,)
    twice = genuine(attributes=made.ATTRIBUTES + made.attribute(made.BPK2, "evil"))
    with pytest.raises(ResponseRefused) as refusal:
        reading(twice, attributes=wanted)
    assert refusal.value.reason == "attribute_twice"


@pytest.mark.parametrize("fraction", ["", ".1", ".123", ".1234567", ".123456789"])
def test_times_are_as_fine_as_identity_providers_write_them(fraction):
    got = reading(genuine(issued=f"2026-11-30T11:59:50{fraction}Z"))
    assert got.id == made.ASSERTION_ID


def test_white_space_around_an_audience_is_none_of_it():
    assert reading(genuine(conditions=audience(f"\n  {made.SP}\n  "))).id == made.ASSERTION_ID


REQUESTER, RESPONDER = made.SAML + "status:Requester", made.SAML + "status:Responder"
DENIED, FAILED = made.SAML + "status:RequestDenied", made.SAML + "status:AuthnFailed"
NO_CONTEXT = made.SAML + "status:NoAuthnContext"
MISSING = (
    '{"version":"1.0","errors":[{"code":"IDP_REQUIRED_ATTRIBUTES_MISSING","message":"Attribute urn:oid:2.5.4.18"}]}'
)
ELSTER = "Die ELSTER-seitige Authentifizierung wurde durch den Benutzer abgebrochen."


def detail(text: str, namespace: str = "https://www.akdb.de/request/2018/09") -> str:
    return f'<a:StatusDetail xmlns:a="{namespace}">{text}</a:StatusDetail>'


STATUSES = [
    (
        made.status(REQUESTER, FAILED, message="Authentication was canceled by the user."),
        "cancelled",
        "status_cancelled",
    ),
    (made.status(RESPONDER, FAILED, message=ELSTER), "cancelled", "status_cancelled"),
    (made.status(REQUESTER, FAILED, message="wrong password"), "failed", "status"),
    (
        made.status(REQUESTER, DENIED, message="security-msg", detail=detail(MISSING)),
        "attributes_missing",
        "status_attributes_missing",
    ),
    (
        made.status(REQUESTER, DENIED, detail=detail(f"<![CDATA[{MISSING}]]>")),
        "attributes_missing",
        "status_attributes_missing",
    ),
    (made.status(REQUESTER, DENIED, detail=detail(MISSING, "urn:other")), "failed", "status"),
    (made.status(REQUESTER, DENIED, message="security-msg"), "failed", "status"),
    (made.status(REQUESTER, NO_CONTEXT), "level_too_low", "status_no_authn_context"),
    (made.status(REQUESTER, NO_CONTEXT, message="An error has occurred."), "failed", "status"),
    (made.status(RESPONDER), "failed", "status"),
    *(
        (made.status(REQUESTER, DENIED, detail=detail(odd)), "failed", "status")
        for odd in (
            "",
            "no JSON",
            "[]",
            "null",
            '{"errors":{}}',
            '{"errors":[1,null]}',
            "[" * 3000,
            MISSING + " " * 9000,
        )
    ),
]


@pytest.mark.parametrize(("said", "kind", "reason"), STATUSES)
def test_a_status_gives_the_page_it_deserves_and_is_never_repeated(said, kind, reason):
    with pytest.raises(ResponseRefused) as refusal:
        reading(made.response(said=said))
    assert (refusal.value.kind, refusal.value.reason) == (RefusalKind(kind), reason)
    assert refusal.value.args == (f"{kind}: {REASONS[reason]}",)


@pytest.mark.parametrize(
    "change", [{"request": ""}, {"destination": 'Destination="https://x.example"'}, {"issued": made.at(-400)}]
)
def test_a_status_that_answers_another_request_tells_nothing(change):
    with pytest.raises(ResponseRefused) as refusal:
        reading(made.response(said=STATUSES[0][0], **change))
    assert refusal.value.kind is RefusalKind.FAILED


def test_a_signed_status_has_to_be_signed_by_the_identity_provider():
    said = made.response(said=STATUSES[0][0])
    for by, kind in (("idp", RefusalKind.CANCELLED), ("foreign", RefusalKind.FAILED)):
        with pytest.raises(ResponseRefused) as refusal:
            reading(signed(said, RESPONSE_ID, Signing(by=made.key(by))))
        assert refusal.value.kind is kind


def test_answers_are_read_in_several_threads_at_once():
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(reading(genuine()).id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [made.ASSERTION_ID] * 8


def test_the_rules_show_no_key():
    assert "key" not in repr(made.rules()).lower().replace("verification_keys", "")
