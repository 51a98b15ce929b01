"""From municipality files to identity providers: keys, metadata, and all that is wrong with them at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.bundid.idp_metadata import read_idp_metadata
from gateway.errors import SettingsInvalid
from gateway.wiring import identity, refusals
from gateway.wiring.identity import IdentityProviders, ProviderPlace
from tests.bundid import wire_names
from tests.bundid.key_pairs import IDP, certificate_pem, certified, idp_metadata, key_descriptor
from tests.wiring.identity_places import at, settings, written

BUNDID = "https://id.bund.de/idp"


@pytest.fixture(scope="module")
def pairs(rsa_keys):
    return {name: certified(key) for name, key in rsa_keys.items()}


@pytest.fixture
def place(tmp_path, pairs):
    """A provider whose files are there and fit."""
    written(tmp_path, pairs)
    return at(tmp_path)


def faults(place: ProviderPlace, tmp_path: Path, mode: str = "test") -> list[tuple[str, str]]:
    with pytest.raises(SettingsInvalid) as told:
        identity.provider(settings(tmp_path, mode), place)
    assert all(len(one.de) > 15 and one.de != one.en for one in told.value.findings)
    prefix = "town.identity.providers.bundid."
    assert all(one.pointer.startswith(prefix) for one in told.value.findings)
    return [(one.pointer.removeprefix(prefix).partition(":")[0], one.en) for one in told.value.findings]


def test_a_provider_is_made_of_its_section(tmp_path, place, pairs):
    made = identity.provider(settings(tmp_path), place)
    assert made.acs_url == "https://portal.town.example/saml/town/bundid/acs"
    assert (made.display_name, made.organisation_name) == ("BundID", "Stadt Tangerhütte")
    assert made.enabled
    assert made.test_accounts
    assert [key.key for key in made.pinned.keys] == [pairs["root"].key.public_key()]
    off = identity.provider(settings(tmp_path), at(tmp_path, enabled=False, display_name="Konto"))
    assert (off.enabled, off.display_name) == (False, "Konto")


def test_where_guests_may_come_nothing_is_asked_for_that_only_accounts_have(place, tmp_path):
    of_accounts = {wire_names.BPK2, wire_names.LEGACY_POSTKORB_HANDLE}
    assert of_accounts <= set(place.profile.request.requested)
    asked = set(at(tmp_path, guests=True).profile.request.requested)
    assert asked == set(place.profile.request.requested) - of_accounts


def test_every_fault_of_keys_metadata_and_section_is_told_at_once(tmp_path, place, pairs):
    (tmp_path / "s.pem").unlink()
    (tmp_path / "s.crt").write_bytes(b"no certificate")
    (tmp_path / "e.crt").write_bytes(certificate_pem(pairs["root"]))
    (tmp_path / "idp.xml").write_bytes(b"<html/>")
    found = dict(faults(at(tmp_path, online_service_id=None), tmp_path))
    assert {name: text.split(".")[0] for name, text in found.items()} == {
        "keys.signing_key_file": "The file is missing",
        "keys.signing_certificate_file": "The file holds no PEM certificate",
        "keys.encryption_key_file": "Certificate and key do not belong together",
        "metadata": "It does not hold exactly one identity provider (EntityDescriptor with IDPSSODescriptor for SAML 2",
        "online_service_id": "BundID demands the BMI-ID of the online service (BMI-…); add it",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "encrypted with a password"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private PEM key"),
        (None, "directory"),
    ],
)
def test_a_file_that_holds_no_usable_key_is_told_with_its_cause(tmp_path, place, content, said):
    (tmp_path / "s.pem").unlink()
    if content is None:
        (tmp_path / "s.pem").mkdir()
    else:
        (tmp_path / "s.pem").write_bytes(content)
    ((name, text),) = faults(place, tmp_path)
    assert name == "keys.signing_key_file"
    assert said in text
    assert "keys generate --saml" in text


def test_a_key_whose_parts_do_not_belong_together_is_refused(tmp_path, place, rsa_keys):
    sound = rsa_keys["signing"].private_numbers()
    other = rsa_keys["root"].private_numbers()
    parts = (sound.p, sound.q, other.d, other.dmp1, sound.dmq1, sound.iqmp)
    mixed = rsa.RSAPrivateNumbers(*parts, sound.public_numbers).private_key(unsafe_skip_rsa_key_validation=True)
    (tmp_path / "s.pem").write_bytes(mixed.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "damaged" in dict(faults(place, tmp_path))["keys.signing_key_file"]


def test_a_short_key_and_one_that_is_no_rsa_are_refused(tmp_path, place):
    for key, said in (
        (rsa.generate_private_key(65537, 2048), "shorter than 3072 bits"),
        (ec.generate_private_key(ec.SECP256R1()), "no RSA key"),
    ):
        (tmp_path / "s.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        ((name, text),) = faults(place, tmp_path)
        assert name == "keys.signing_key_file"
        assert said in text


def test_a_pipe_in_place_of_the_metadata_holds_nobody_up(tmp_path, place):
    (tmp_path / "idp.xml").unlink()
    os.mkfifo(tmp_path / "idp.xml")
    assert faults(place, tmp_path)[0][0] == "metadata"


def test_only_trusted_keys_verify_and_one_of_them_has_to_be_there(tmp_path, place, pairs):
    both = idp_metadata(key_descriptor(pairs["root"]), key_descriptor(pairs["signing"]))
    (tmp_path / "idp.xml").write_bytes(both)
    (root, _) = (key.digest for key in read_idp_metadata(both).keys)
    made = identity.provider(settings(tmp_path), at(tmp_path, trusted_keys=(root,)))
    assert [key.digest for key in made.pinned.keys] == [root]
    assert [name for name, _ in faults(at(tmp_path, trusted_keys=("0" * 64,)), tmp_path)] == ["trusted_keys"]


def test_production_takes_no_metadata_of_a_sandbox_or_of_another_provider(tmp_path, place, pairs):
    told = faults(place, tmp_path, "production")
    assert [name for name, _ in told] == ["metadata"]
    assert BUNDID in told[0][1]
    real = idp_metadata(key_descriptor(pairs["root"]), entity_id=BUNDID)
    (tmp_path / "idp.xml").write_bytes(real.replace(b"https://idp.example/POST", b"http://127.0.0.1:7/POST"))
    told = [text for _, text in faults(place, tmp_path, "production")]
    assert ["https only" in text for text in told] == [True, False]
    assert "loopback" in told[1]
    (tmp_path / "idp.xml").write_bytes(real)
    assert not identity.provider(settings(tmp_path, "production"), place).test_accounts


def test_metadata_by_address_are_those_fetched_last_and_without_them_nobody_logs_in(tmp_path, place):
    by_address = at(tmp_path, metadata="https://idp.example/metadata")
    made = identity.provider(settings(tmp_path), by_address)
    assert not made.enabled
    assert made.metadata()
    copy = tmp_path / "data" / "identity" / "town-bundid.xml"
    copy.parent.mkdir(parents=True)
    copy.write_bytes((tmp_path / "idp.xml").read_bytes())
    assert identity.provider(settings(tmp_path), by_address).pinned.metadata.entity_id == IDP


def test_changed_files_are_read_again_and_useless_ones_leave_what_was(tmp_path, place, pairs):
    providers = IdentityProviders(settings(tmp_path), [place.file])
    assert providers.of("150900550550") == ()
    assert providers.named("town", "muk") is None
    assert providers.named("other", "bundid") is None
    before = providers.named("town", "bundid")
    assert providers.of("150900546546") == (before,)
    (tmp_path / "idp.xml").write_bytes(b"half writ")
    assert providers.named("town", "bundid") is before
    (tmp_path / "idp.xml").write_bytes(idp_metadata(key_descriptor(pairs["signing"]), key_descriptor(pairs["root"])))
    assert len(providers.named("town", "bundid").pinned.keys) == 2


def test_the_start_of_every_process_tries_them(tmp_path, place):
    (tmp_path / "e.pem").unlink()
    (found,) = refusals.faults(identity.attempts(settings(tmp_path), [place.file]))
    assert found.rule == "identity_key"


async def test_the_start_asks_the_store_for_each_provider(place):
    class Logins:
        def __init__(self, known: str) -> None:
            self.known, self.asked = known, []

        async def entity_ids(self, municipality: str, provider: str) -> frozenset[str]:
            self.asked.append((municipality, provider))
            return frozenset({self.known})

    same, other = Logins("https://login.town.example"), Logins("https://former.town.example")
    assert await identity.changed_entity_ids([place.file], same) == ()
    assert [one.rule for one in await identity.changed_entity_ids([place.file], other)] == ["entity_id_changed"]
    assert same.asked == [("150900546546", "bundid")]


def test_another_entity_id_than_that_of_accounts_is_refused(place):
    assert identity.contradictions(place, frozenset()) == ()
    assert identity.contradictions(place, frozenset({"https://login.town.example"})) == ()
    (found,) = identity.contradictions(place, frozenset({"https://former.town.example"}))
    assert (found.pointer, found.rule) == ("town.identity.providers.bundid.entity_id", "entity_id_changed")
    assert "https://former.town.example" in found.de
