"""What identity providers say of a person or an organisation, in all its spellings; nothing of it in a repr."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from gateway.bundid import names, profile
from gateway.bundid.assertion import Assertion, SamlAttribute
from gateway.bundid.attributes import IdentityRefused, identity
from gateway.model import Attested, Level
from tests.bundid import wire_names
from tests.bundid.key_pairs import NOW

BUNDID, MUK, EIDAS = profile.load("bundid"), profile.load("mein-unternehmenskonto"), profile.load("eidas")
MAILBOX = "7e5c7b0e-6a0f-4d8e-9b1f-3f1f7c5f1a11"


def assertion(*attributes: SamlAttribute, context: str = wire_names.STORK_3, name_id: str = "_t1") -> Assertion:
    return Assertion(
        id="_a1",
        issuer="https://idp.example/idp",
        name_id=name_id,
        name_id_format=wire_names.TRANSIENT,
        authn_context=context,
        authn_instant=NOW,
        not_on_or_after=NOW,
        attributes=attributes,
    )


def said(name: str, *values, level: str | None = "SUBSTANTIELL") -> SamlAttribute:
    return SamlAttribute(name, values, level)


def person_of(*attributes: SamlAttribute, context: str = wire_names.STORK_3):
    found = identity("bundid", assertion(*attributes, context=context), BUNDID)
    assert found.person is not None
    return found.person.values


def refusal(asserted: Assertion, rules: profile.Profile = BUNDID) -> str:
    with pytest.raises(IdentityRefused) as refused:
        identity("x", asserted, rules)
    return refused.value.reason


def test_a_citizen_of_bundid_has_values_with_a_level_each():
    found = identity(
        "bundid",
        assertion(
            said(wire_names.GIVEN_NAME, "Änne Jördis"),
            said(wire_names.SURNAME, "von Łukasiewicz-Müßig"),
            said(wire_names.MAIL, "anne@example.org", level="UNTERGEORDNET"),
            said(wire_names.NATIONALITY, "D"),
            said(wire_names.GENDER, "2", level="NORMAL"),
            said(wire_names.BPK2, "k2jBT0cykDVqiKWia1VMzqmntTu-EwGskIYlcCIGt_8", level="HOCH"),
            said(wire_names.LEGACY_POSTKORB_HANDLE, MAILBOX),
            said(wire_names.APPLICATION_ID, MAILBOX),
            said(wire_names.ASSERTION_PROVED_BY, "Elster"),
            said(wire_names.MFA, "true"),
            said(wire_names.EID_CITIZEN_QAA_LEVEL, wire_names.STORK_3),
        ),
        BUNDID,
    )
    assert found.person.values == {
        "given_name": Attested("Änne Jördis", Level.SUBSTANTIAL),
        "family_name": Attested("von Łukasiewicz-Müßig", Level.SUBSTANTIAL),
        "email": Attested("anne@example.org", Level.BASIC),
        "nationality": Attested("D", Level.SUBSTANTIAL),
        "gender": Attested("2", Level.LOW),
    }
    assert (found.level, found.means, found.second_factor) == (Level.SUBSTANTIAL, "Elster", True)
    assert found.account == "k2jBT0cykDVqiKWia1VMzqmntTu-EwGskIYlcCIGt_8"
    assert found.mailbox == found.application_id == UUID(MAILBOX)
    assert found.organisation is None
    assert not found.test_account
    for secret in ("Łukasiewicz", "k2jBT0", "7e5c7b0e"):
        assert secret not in repr(found)


def test_a_guest_has_no_account():
    found = identity("bundid", assertion(said(wire_names.SURNAME, "Gast"), context=wire_names.STORK_1), BUNDID)
    assert found.account is None
    assert found.level is Level.BASIC


def test_every_account_of_the_test_environment_is_a_test_account():
    assert identity("bundid", assertion(), profile.load("bundid-int")).test_account


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("1964-08-12", "1964-08-12"),
        ("1964-00-00", "1964-00-00"),
        ("1964", "1964-00-00"),
        ("1964-08", "1964-08-00"),
        ("19640812", "1964-08-12"),
        ("1964    ", "1964-00-00"),
        ("196408  ", "1964-08-00"),
        ("12.08.1964", "1964-08-12"),
        ("1964-08-12Z", "1964-08-12"),
        ("1964-08-12+01:00", "1964-08-12"),
        ("00.00.1964", "1964-00-00"),
        ("1964-13-01", None),
        ("1964-08-32", None),
        ("１９６４-０８-１２", None),
        ("unknown", None),
        ("64-08-12", None),
        ("1964-8 -12", None),
    ],
)
def test_birth_dates_are_read_as_they_come_and_never_break_a_login(came, kept):
    values = person_of(said(wire_names.BIRTHDATE, came))
    assert values.get("birthdate", Attested("")).value == (kept or "")


def test_an_unknown_means_and_an_unknown_level_of_a_value_survive():
    found = identity(
        "bundid",
        assertion(said(wire_names.ASSERTION_PROVED_BY, "EUDI-Wallet"), said(wire_names.SURNAME, "A", level="X")),
        BUNDID,
    )
    assert found.means == "EUDI-Wallet"
    assert found.person.values["family_name"] == Attested("A", None)


def test_names_are_matched_exactly_and_friendly_names_never():
    stray = said("urn:oid: 2.5.4.4", "Blank"), said("surname", "Friendly"), said("urn:oid:2.5.4.4 ", "Trailing")
    assert "family_name" not in person_of(*stray)


def test_an_attribute_that_stands_twice_is_refused():
    assert refusal(assertion(said(wire_names.SURNAME, "A"), said(wire_names.SURNAME, "B"))) == "attribute_twice"


def test_names_are_composed_and_lose_what_steers_writing():
    decomposed = person_of(said(wire_names.SURNAME, "Mu\u0308ller\u202e\u2066\t"))
    assert decomposed["family_name"].value == "Müller"
    assert refusal(assertion(said(wire_names.SURNAME, "A" * 1001))) == "value_too_long"


@pytest.mark.parametrize(
    ("context", "attribute", "reason"),
    [
        ("urn:oasis:names:tc:SAML:2.0:ac:classes:Password", None, "level_unknown"),
        ("", None, "level_unknown"),
        (wire_names.EIDAS_HIGH, None, "level_unknown"),
        (wire_names.STORK_1, wire_names.STORK_4, "level_contradiction"),
        (wire_names.STORK_3, "STORK-QAA-Level-9", "level_unknown"),
    ],
)
def test_a_level_is_never_raised_by_another_word(context, attribute, reason):
    more = [said(wire_names.EID_CITIZEN_QAA_LEVEL, attribute)] if attribute else []
    assert refusal(assertion(*more, context=context)) == reason


def test_the_lower_of_two_levels_counts():
    found = identity(
        "b", assertion(said(wire_names.EID_CITIZEN_QAA_LEVEL, wire_names.STORK_1), context=wire_names.STORK_4), BUNDID
    )
    assert found.level is Level.BASIC


def organisation(*more: SamlAttribute, **other: str) -> Assertion:
    values = {
        wire_names.MUK_TRANSMITTER: "du-" + "0" * 40,
        wire_names.MUK_DATA_KIND: "StNr",
        "ElsterVertrauensniveauIdentifizierung": "substanziell",
        "ElsterVertrauensniveauAuthentifizierung": "hoch",
        "Firmenname": "Bäckerei Müßiggang GmbH & Co. KG",
        "Registernummer": "HRB 4711",
        "IdNr": "12345678901",
        **other,
    }
    attributes = [SamlAttribute(name, (value,)) for name, value in values.items() if value]
    return assertion(*attributes, *more, context="urn:x", name_id="ek-" + "1" * 40)


ADDRESS = {"Typ": "Inland", "Strasse": "Am Markt", "Hausnummer": "5 a", "PLZ": "39517", "Ort": "Tangerhütte"}


def test_an_organisation_has_its_account_address_and_who_acts_for_it():
    acting = SamlAttribute("HandelndePerson", ({"Vorname": "Jörg", "Nachname": "Öçal"},))
    found = identity("muk", organisation(SamlAttribute("Unternehmensanschrift", (ADDRESS,)), acting), MUK)
    assert found.account == f"du-{'0' * 40} ek-{'1' * 40}"
    assert (found.level, found.person, found.test_account) == (Level.SUBSTANTIAL, None, False)
    assert {name: value.value for name, value in found.organisation.values.items()} == {
        "name": "Bäckerei Müßiggang GmbH & Co. KG",
        "register_number": "HRB 4711",
        "address_type": "Inland",
        "street": "Am Markt",
        "house_number": "5 a",
        "postal_code": "39517",
        "locality": "Tangerhütte",
        "street_address": "Am Markt 5 a",
    }
    assert found.organisation.values["name"].level is Level.SUBSTANTIAL
    assert found.organisation.acting.values["family_name"] == Attested("Öçal")
    flat = identity("muk", organisation(SamlAttribute("handelndePersonNachname", ("Öçal",))), MUK)
    assert flat.organisation.acting.values["family_name"].value == "Öçal"
    assert identity("muk", organisation(), MUK).organisation.acting is None


def test_a_person_behind_the_account_of_organisations_is_a_person_and_their_tax_id_is_not_kept():
    found = identity("muk", organisation(DatenkranzTyp="IdNr", Name="Müller", Geburtsdatum="01.02.1970"), MUK)
    assert found.organisation is None
    assert found.person.values["birthdate"].value == "1970-02-01"
    assert "12345678901" not in {value.value for value in found.person.values.values()}


def test_a_test_account_is_told():
    assert identity("muk", organisation(IstTestkonto="true"), MUK).test_account
    assert not identity("muk", organisation(IstTestkonto="false"), MUK).test_account


def test_an_organisation_without_account_or_level_is_refused():
    assert refusal(organisation(DatenuebermittlerPseudonymId=""), MUK) == "account_missing"
    assert refusal(organisation(DatenuebermittlerPseudonymId="du 1"), MUK) == "account_unfit"
    assert refusal(replace(organisation(), name_id=None), MUK) == "account_missing"
    assert refusal(organisation(ElsterVertrauensniveauIdentifizierung=""), MUK) == "level_missing"
    assert refusal(organisation(ElsterVertrauensniveauIdentifizierung="niedrig"), MUK) == "level_unknown"


def test_an_identity_provider_by_eidas_names_is_understood():
    prefix = "http://eidas.europa.eu/attributes/naturalperson/"
    attributes = (
        SamlAttribute(prefix + "PersonIdentifier", ("DE/DE/4711",)),
        SamlAttribute(prefix + "CurrentFamilyName", ("Müller",)),
        SamlAttribute("urn:oid:2.5.4.42", ("Änne",)),
        SamlAttribute("email", ("a@example.org",)),
    )
    found = identity("kc", assertion(*attributes, context=wire_names.EIDAS_SUBSTANTIAL), EIDAS)
    assert found.account == "DE/DE/4711"
    assert found.person.values == {
        "given_name": Attested("Änne"),
        "family_name": Attested("Müller", Level.SUBSTANTIAL),
        "email": Attested("a@example.org"),
    }
    nameless = assertion(context=wire_names.EIDAS_LOW, name_id="G-1")
    assert identity("kc", nameless, EIDAS).account is None
    assert identity("kc", replace(nameless, name_id_format=names.PERSISTENT), EIDAS).account == "G-1"


LOW = "http://eidas.europa.eu/LoA/low"
IDENTIFIER = "http://eidas.europa.eu/attributes/naturalperson/PersonIdentifier"


@pytest.mark.parametrize("by_name_id", [False, True])
def test_an_account_that_looks_like_another_is_never_taken_for_it(by_name_id):
    """Who may choose an identifier at their identity provider must not become somebody else by a hidden sign."""
    alike = ["J\u00fcrgenK", "Ju\u0308rgenK", "J\u00fcrgen\u212a", "J\u00fcrgenK\u200e", "\ufeffJ\u00fcrgenK"]

    def account(value):
        asserted = assertion(SamlAttribute(IDENTIFIER, (value,)), context=LOW)
        if by_name_id:
            asserted = replace(asserted, attributes=(), name_id=value, name_id_format=names.PERSISTENT)
        return identity("kc", asserted, EIDAS).account

    assert [account(value) for value in alike] == alike


@pytest.mark.parametrize("values", [("DE/DE/4711", "DE/DE/4712"), ("a b",), ("x" * 513,)])
def test_two_accounts_or_none_that_can_be_one_are_refused(values):
    asserted = assertion(SamlAttribute(IDENTIFIER, values), context=LOW)
    assert refusal(asserted, EIDAS) == "account_unfit"


def test_white_space_around_an_account_is_no_part_of_it():
    asserted = assertion(SamlAttribute(IDENTIFIER, ("", "\n  DE/DE/4711\t", "DE/DE/4711")), context=LOW)
    assert identity("kc", asserted, EIDAS).account == "DE/DE/4711"


def test_no_profile_names_an_attribute_with_a_blank_and_all_of_bundid_are_known():
    known = set(wire_names.ATTRIBUTES)
    for name in profile.names():
        one = profile.load(name)
        theirs = {each for table in (one.person, one.organisation, one.acting) for each in sum(table.values(), ())}
        theirs |= set(one.request.requested) | set(one.account.attributes) | set(one.level.attributes)
        assert not any(" " in each for each in theirs), name
        assert one.request.extension == "none" or theirs <= known, name
        assert set(one.request.authn_methods) <= set(wire_names.AUTHN_METHODS)
        assert one.uncertain or one.test_environment
