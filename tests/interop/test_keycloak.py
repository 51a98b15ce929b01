"""Keycloak at both doors: it signs a person in as SAML identity provider, and logs people in by us as OIDC broker."""

from __future__ import annotations

import base64
import json
import re
import secrets
import select
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.demo_fixture import add_identity_provider, kept_demo, served_anew
from tests.interop import keycloak_realms as realms
from tests.interop import keycloak_server
from tests.interop.keycloak_realms import ENC, ENC11
from tests.interop.keycloak_server import Browser, Keycloak, Stuck

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop
PROVIDER, BY_REDIRECT = "keycloak", "keycloak-by-redirect"
ONE_BY_POST = re.compile(rb"<[^<>]*SingleSignOnService[^<>]*HTTP-POST[^<>]*>(</[^<>]*SingleSignOnService>)?")
BROKERS = {"by-post": "client_secret_post", "by-basic": "client_secret_basic", "by-key": "private_key_jwt"}
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
SECRET = "the secret of a broker"


@dataclass
class Gateway:
    """`gateway serve` with Keycloak as one more identity provider, and a portal as its client."""

    issuer: str
    client: dict[str, Any]
    discovery: dict[str, Any]

    def metadata(self, provider: str) -> bytes:
        address = f"{self.issuer}/saml/tangerhuette/{provider}/metadata"
        answer = httpx.get(address, trust_env=False, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content

    def authorize(self, verifier: str, **more: str) -> str:
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": self.client["redirect_uri"],
            "scope": "openid profile email",
            "state": "state",
            "nonce": "nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "provider": PROVIDER,
            **more,
        }
        return f"{self.discovery['authorization_endpoint']}?{urlencode(asked)}"

    def tokens(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client["redirect_uri"],
            "code_verifier": verifier,
        }
        basic = (self.client["client_id"], self.client["client_secret"])
        answer = httpx.post(self.discovery["token_endpoint"], data=form, auth=basic, trust_env=False, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def userinfo(self, tokens: dict[str, Any]) -> dict[str, Any]:
        bearer = {"Authorization": "Bearer " + tokens["access_token"]}
        return httpx.get(self.discovery["userinfo_endpoint"], headers=bearer, trust_env=False, timeout=60).json()


def claims(token: str) -> dict[str, Any]:
    """What a JWT says."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    program = keycloak_server.installed()
    if program is None:
        pytest.skip("Keycloak is not here: tests/interop/prepare build/interop fetches it by Maven")
    with keycloak_server.serving(program, tmp_path_factory.mktemp("keycloak")) as served:
        realms.make_citizens(served)
        realms.make_portal(served)
        yield served


@pytest.fixture(scope="module")
def gateway(keycloak: Keycloak) -> Iterator[Gateway]:
    with kept_demo(60, login=True) as line:
        _configure(Path(line["config"]), keycloak)
        with served_anew(line) as (_, ready):
            found = httpx.get(ready["issuer"] + "/.well-known/openid-configuration", trust_env=False, timeout=60)
            yield Gateway(ready["issuer"], line["oidc_client"], found.json())


def _configure(config: Path, keycloak: Keycloak) -> None:
    """What an operator writes: one more identity provider, and a client for each way to authenticate."""
    theirs = keycloak.saml_metadata(realms.CITIZENS)
    for name, metadata in {PROVIDER: theirs, BY_REDIRECT: ONE_BY_POST.sub(b"", theirs)}.items():
        add_identity_provider(config, name, metadata)
    secret, jwks = config.parent / "secrets" / "broker", config.parent / "secrets" / "broker.jwks"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    signing = [key for key in keycloak.certificates(realms.PORTAL)["keys"] if key["alg"] == "ES256"]
    jwks.write_text(json.dumps({"keys": signing}))
    with config.open("a", encoding="utf-8") as file:
        for alias, method in BROKERS.items():
            proof = 'jwks = "secrets/broker.jwks"' if method == "private_key_jwt" else 'secret_file = "secrets/broker"'
            realm = f"{keycloak.base}/realms/{realms.PORTAL}"
            broker = f"{realm}/broker/{alias}/endpoint"
            file.write(
                f'\n[[clients]]\nid = "{alias}"\n{proof}\ntoken_auth_method = "{method}"\n'
                f'redirect_uris = ["{broker}"]\npost_logout_redirect_uris = ["{broker}/logout_response"]\n'
                f'backchannel_logout_uri = "{realm}/protocol/openid-connect/logout/backchannel-logout"\n'
            )


@pytest.fixture(scope="module")
def registered(keycloak: Keycloak, gateway: Gateway) -> str:
    """Our service provider as Keycloak reads its metadata; its id there."""
    realms.register_service_provider(keycloak, gateway.metadata(BY_REDIRECT))
    return realms.register_service_provider(keycloak, gateway.metadata(PROVIDER))


def log_in(gateway: Gateway, browser: Browser, **more: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The claims of the ID token and of userinfo."""
    verifier = secrets.token_urlsafe(40)
    back = browser.go(gateway.authorize(verifier, **more), gateway.client["redirect_uri"])
    assert "code" in back.params, back
    tokens = gateway.tokens(back.params["code"], verifier)
    return claims(tokens["id_token"]), gateway.userinfo(tokens)


OAEP11 = {
    "saml.encryption.keyAlgorithm": ENC11 + "rsa-oaep",
    "saml.encryption.digestMethod": ENC + "sha256",
    "saml.encryption.maskGenerationFunction": ENC11 + "mgf1sha256",
}
UNSIGNED_ASSERTION = {"saml.assertion.signature": "false", "saml.server.signature": "true"}
TAKEN = {
    "assertion": {},
    "assertion and response": {"saml.server.signature": "true"},
    "response alone": UNSIGNED_ASSERTION,
    "response alone, not encrypted": {**UNSIGNED_ASSERTION, "saml.encrypt": "false"},
    "assertion, not encrypted": {"saml.encrypt": "false"},
    "oaep of 1.1": OAEP11,
    "oaep of 1.1, aes-128": {**OAEP11, "saml.encryption.algorithm": ENC11 + "aes128-gcm"},
    "oaep of 1.0 with sha-1": {"saml.encryption.digestMethod": "http://www.w3.org/2000/09/xmldsig#sha1"},
    "pss": {"saml.signature.algorithm": "RSA_SHA256_MGF1"},
    "sha-512": {"saml.signature.algorithm": "RSA_SHA512"},
}


@pytest.mark.parametrize("answer", TAKEN.values(), ids=TAKEN)
def test_keycloak_signs_a_person_in(keycloak: Keycloak, gateway: Gateway, registered: str, answer: dict[str, str]):
    realms.answer_by(keycloak, registered, **answer)
    with Browser(realms.PERSON, realms.SECRET) as browser:
        token, told = log_in(gateway, browser)
    assert told["given_name"] == realms.GIVEN
    assert told["family_name"] == realms.FAMILY
    assert told["email"] == realms.MAIL
    assert token["nonce"] == "nonce"
    assert token["acr"] == SUBSTANTIAL
    assert "family_name" not in token
    document = base64.b64decode(browser.seen[-1])
    assert (b"EncryptedAssertion" in document) == (answer.get("saml.encrypt") != "false")
    if b"EncryptedAssertion" not in document:
        assert document.count(b'Name="Role"') > 1, "it repeats an attribute that means nothing here"


def test_the_request_may_come_by_redirect(gateway: Gateway, registered: str):
    assert registered
    with Browser(realms.PERSON, realms.SECRET) as browser:
        _, told = log_in(gateway, browser, provider=BY_REDIRECT)
    assert told["family_name"] == realms.FAMILY


def test_an_account_is_the_same_person_each_time_and_everywhere_another(
    keycloak: Keycloak, gateway: Gateway, registered: str
):
    realms.answer_by(keycloak, registered)
    subjects = []
    for provider in (PROVIDER, PROVIDER, BY_REDIRECT):
        with Browser(realms.PERSON, realms.SECRET) as browser:
            subjects.append(log_in(gateway, browser, provider=provider)[0]["sub"])
    assert subjects[0] == subjects[1]
    assert subjects[0] != subjects[2], "a persistent NameID is another one for each service provider"


REFUSED = {
    "nothing signed": {"saml.assertion.signature": "false"},
    "sha-1": {"saml.signature.algorithm": "RSA_SHA1"},
    "cbc": {"saml.encryption.algorithm": ENC + "aes256-cbc"},
    "pkcs 1": {"saml.encryption.keyAlgorithm": ENC + "rsa-1_5"},
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_answers_that_are_not_safe_sign_nobody_in(
    keycloak: Keycloak, gateway: Gateway, registered: str, answer: dict[str, str]
):
    realms.answer_by(keycloak, registered, **answer)
    with Browser(realms.PERSON, realms.SECRET) as browser, pytest.raises(Stuck) as stuck:
        log_in(gateway, browser)
    assert browser.seen
    assert stuck.value.address.startswith(f"{gateway.issuer}/oidc/continue?")
    assert stuck.value.status == 400
    assert "error=access_denied" in stuck.value.page


def test_a_level_that_is_asked_for_is_answered(keycloak: Keycloak, gateway: Gateway, registered: str):
    realms.answer_by(keycloak, registered)
    with Browser(realms.PERSON, realms.SECRET) as browser:
        token, _ = log_in(gateway, browser, acr_values=SUBSTANTIAL)
    assert token["acr"] == SUBSTANTIAL


def test_an_answer_without_a_level_is_basic(keycloak: Keycloak, gateway: Gateway, registered: str):
    realms.answer_by(keycloak, registered, **{"acr.loa.map": "{}"})
    with Browser(realms.PERSON, realms.SECRET) as browser:
        token, told = log_in(gateway, browser)
    assert token["acr"] == f"{gateway.issuer}/acr/basic"
    assert told["family_name"] == realms.FAMILY


def test_a_level_that_it_does_not_have_is_told(keycloak: Keycloak, gateway: Gateway, registered: str):
    realms.answer_by(keycloak, registered)
    with Browser(realms.PERSON, realms.SECRET) as browser, pytest.raises(Stuck) as stuck:
        log_in(gateway, browser, acr_values="http://eidas.europa.eu/LoA/high")
    assert stuck.value.address.startswith(gateway.issuer), stuck.value
    assert "error=unmet_authentication_requirements" in stuck.value.page


@dataclass
class Application:
    """An application of the realm `portal`, whose people come by the gateway with Keycloak as identity provider."""

    keycloak: Keycloak
    gateway: Gateway

    def __post_init__(self) -> None:
        self.home = "http://127.0.0.1/home"
        self.realm = f"{self.keycloak.base}/realms/{realms.PORTAL}/protocol/openid-connect"

    def log_in(self, browser: Browser, alias: str) -> dict[str, Any]:
        """The tokens that it gets of Keycloak, which logs in by us as that client."""
        asked = {**self.gateway.discovery}
        asked["authorization_endpoint"] += f"?provider={PROVIDER}"
        proof = {"clientAssertionSigningAlg": "ES256"} if alias == "by-key" else {"clientSecret": SECRET}
        how = {"clientId": alias, "clientAuthMethod": BROKERS[alias], **proof}
        realms.broker_by(self.keycloak, alias, asked, **how)
        begin = {"client_id": realms.APP, "response_type": "code", "scope": "openid", "redirect_uri": self.home}
        back = browser.go(f"{self.realm}/auth?{urlencode({**begin, 'kc_idp_hint': alias})}", self.home)
        form = {"grant_type": "authorization_code", "code": back.params["code"], "redirect_uri": self.home}
        return browser.http.post(f"{self.realm}/token", data={**form, "client_id": realms.APP}).json()

    def user(self, person: str, about: str = "") -> Any:
        return self.keycloak.admin("GET", f"/{realms.PORTAL}/users/{person}{about}")

    def forget(self, person: str) -> None:
        self.keycloak.admin("DELETE", f"/{realms.PORTAL}/users/{person}")


@pytest.mark.parametrize("alias", BROKERS)
def test_keycloak_logs_a_person_in_by_us_and_out(keycloak: Keycloak, gateway: Gateway, registered: str, alias: str):
    """Both doors at once: an application, Keycloak as its broker, we, Keycloak as identity provider."""
    realms.answer_by(keycloak, registered)
    application = Application(keycloak, gateway)
    with Browser(realms.PERSON, realms.SECRET) as browser:
        tokens = application.log_in(browser, alias)
        who = claims(tokens["id_token"])
        assert (who["given_name"], who["family_name"]) == (realms.GIVEN, realms.FAMILY)
        assert who["email"] == realms.MAIL
        assert [each["identityProvider"] for each in application.user(who["sub"], "/federated-identity")] == [alias]
        leave = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": application.home}
        assert browser.go(f"{application.realm}/logout?{urlencode(leave)}", application.home)
        own = f"{keycloak.base}/realms/{realms.PORTAL}/broker/{alias}/endpoint"
        back = browser.go(gateway.authorize("v" * 43, client_id=alias, redirect_uri=own, prompt="none"), own)
    assert back.params["error"] == "login_required", "Keycloak has signed out at ours too"
    application.forget(who["sub"])


def test_keycloak_ends_its_session_when_the_person_signs_out_of_ours(
    keycloak: Keycloak, gateway: Gateway, registered: str
):
    realms.answer_by(keycloak, registered)
    application = Application(keycloak, gateway)
    with Browser(realms.PERSON, realms.SECRET) as browser:
        person = claims(application.log_in(browser, "by-post")["id_token"])["sub"]
        assert application.user(person, "/sessions")
        with pytest.raises(Stuck) as asked:
            browser.go(gateway.discovery["end_session_endpoint"], "nowhere")
        confirmed = browser.http.get(asked.value.links("confirm")[0])
        assert confirmed.status_code == 200
        until = time.monotonic() + 60
        while application.user(person, "/sessions"):
            assert time.monotonic() < until, "Keycloak was not told, or did not believe it"
            select.select([], [], [], 0.2)
    application.forget(person)
