"""From the settings: who is told, through which mail server, from when, and what destinations take."""

from __future__ import annotations

import base64
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError

from gateway.delivery.rate_limit import RateLimit
from gateway.errors import SettingsInvalid
from gateway.settings.municipality import MunicipalityFile
from gateway.settings.reading import read
from gateway.submission.deadlines import AlarmLevel
from gateway.wiring import recipients

SMTP = '[alarms.smtp]\nhost = "mail.town.example"\nsender = "gateway@town.example"\n'
IT = '[[alarms.recipients]]\nname = "it"\nmail = ["it@town.example", "on-call@town.example"]\n'
HOOK = '[[alarms.recipients]]\nname = "hook"\nurl = "https://hook.example/a"\nsecret_file = "hook.secret"\n'
SECRET = base64.b64encode(bytes(range(32))).decode()


def settings(tmp_path, text: str, **files: str):
    for name, content in files.items():
        (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    return read(tmp_path / "settings.toml")


def faults(tmp_path, text: str, **files: str) -> str:
    def opened() -> None:
        found = settings(tmp_path, text, **files)
        recipients.targets(found)
        recipients.relay(found)

    with pytest.raises(SettingsInvalid) as refused:
        opened()
    return " ".join(f"{each.pointer} {each.en}" for each in refused.value.findings)


def test_each_address_is_a_target_of_its_own_and_no_key_shows_an_address(tmp_path):
    found = recipients.targets(settings(tmp_path, SMTP + IT + HOOK, hook_secret=f"whsec_{SECRET}"))
    assert [(each.name, each.mail, each.url) for each in found] == [
        ("it", "it@town.example", None),
        ("it", "on-call@town.example", None),
        ("hook", None, "https://hook.example/a"),
    ]
    assert len({each.key for each in found}) == 3
    assert all("town.example" not in each.key for each in found)
    assert all(each.severity is AlarmLevel.WARNING for each in found)
    assert found[2].secret == bytes(range(32))
    assert "whsec" not in repr(found)
    assert "town.example" not in repr(found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (IT, "need alarms.smtp"),
        (SMTP + '[[alarms.recipients]]\nname = "it"\n', "mail or url"),
        (SMTP + IT.replace("it@town.example", "it@town.example, b@x.example"), "user@domain"),
        (SMTP + IT.replace("it@town.example", "it@town.example\\r\\nBcc: b@x.example"), "user@domain"),
        (SMTP + 'user = "gateway"\n' + IT, "belong together"),
        (SMTP + 'tls = "none"\nuser = "u"\npassword_file = "p"\n' + IT, "never sent unencrypted"),
        (SMTP + IT + IT, "same name"),
        (SMTP + 'user = "u"\npassword_file = "absent"\n' + IT, "The file is missing."),
        (HOOK, "The file is missing."),
        (SMTP + IT + 'phone = "1"\n', "no such setting"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(tmp_path, text, word):
    said = faults(tmp_path, text)
    assert word in said
    assert "alarms" in said


def test_a_webhook_secret_that_is_too_short_or_no_base64_is_refused(tmp_path):
    for secret in ("whsec_AAAA", "whsec_%%%"):
        assert "whsec_ and the base64" in faults(tmp_path, HOOK, hook_secret=secret)


def test_production_refuses_mail_in_the_clear_and_a_webhook_without_tls(tmp_path):
    text = 'mode = "production"\n' + SMTP + 'tls = "none"\n' + IT + HOOK.replace("https", "http")
    with pytest.raises(SettingsInvalid) as refused:
        settings(tmp_path, text)
    places = {each.pointer for each in refused.value.findings if each.rule == "insecure_in_production"}
    assert {"alarms.smtp.tls", "alarms.recipients.hook.url"} <= places


def test_a_password_comes_from_its_file_and_shows_nowhere(tmp_path):
    found = settings(tmp_path, SMTP + 'user = "u"\npassword_file = "smtp.password"\n' + IT, smtp_password="geheim\n")
    relay = recipients.relay(found)
    assert (relay.user, relay.password, relay.tls, relay.port) == ("u", "geheim", "starttls", 587)
    assert "geheim" not in repr(relay)


def municipality(tmp_path, **more) -> MunicipalityFile:
    values = {
        "slug": "town",
        "ars": "150900546546",
        "name": "Stadt",
        "public_url": "https://p.example",
        "fitconnect": {"environment": "prod", "client_id": "id", "client_secret_file": tmp_path / "s"},
        "keys": {"signing_jwk_file": tmp_path / "k"},
    }
    return MunicipalityFile.model_validate({**values, **more})


@pytest.mark.parametrize("tail", ["?town=1", "/gw?town=1", "/gw#here", " /gw", "@other.example"])
def test_a_public_address_is_one_that_references_can_be_made_of(tmp_path, tail):
    assert municipality(tmp_path, public_url="https://p.example:8443/amt/gw/").public_url.endswith("/gw/")
    with pytest.raises(ValidationError, match="public_url"):
        municipality(tmp_path, public_url=f"https://p.example{tail}")
    assert "server.public_url" in faults(tmp_path, f'[server]\npublic_url = "https://p.example{tail}"\n')


def test_a_service_may_have_limits_of_its_own_and_what_it_leaves_unset_holds_as_above(tmp_path):
    own = {"termin": {"answer_warn_hours": 4, "answer_hard_hours": 8}}
    proof = {"handover_warn_hours": 2, "answer_warn_hours": 48, "services": own}
    file = municipality(tmp_path, proof=proof)
    found = {(each.service, each.rule): each.after for each in recipients.limits(file, ("hausnummer", "termin"))}
    assert found == {
        ("hausnummer", "handover_unproven"): timedelta(hours=2),
        ("hausnummer", "handover_unproven_hard"): timedelta(hours=24),
        ("hausnummer", "answer_late"): timedelta(hours=48),
        ("termin", "handover_unproven"): timedelta(hours=2),
        ("termin", "handover_unproven_hard"): timedelta(hours=24),
        ("termin", "answer_late"): timedelta(hours=4),
        ("termin", "answer_late_hard"): timedelta(hours=8),
    }


def test_a_destination_has_its_own_bounds_or_those_of_its_environment(tmp_path):
    one, two, three = (str(uuid4()) for _ in range(3))
    text = (
        '[fitconnect.environments.prod]\ntoken_url = "https://t.example"\nsubmission_api = "https://s.example"\n'
        "[fitconnect.environments.prod.bounds]\nsubmissions_at_once = 8\n"
    )
    files = [
        municipality(
            tmp_path,
            destinations=[
                {"services": ["a"], "destination_id": one},
                {"services": ["b"], "destination_id": two, "submissions_per_minute": 30, "submissions_at_once": 2},
            ],
        ),
        municipality(tmp_path, destinations=[{"services": ["*"], "destination_id": two, "submissions_per_minute": 20}]),
    ]
    assert recipients.bounds(settings(tmp_path, text), files) == {one: RateLimit(None, 8), two: RateLimit(20, 2)}
    bare = text.partition("[fitconnect.environments.prod.bounds]")[0]
    without = [municipality(tmp_path, destinations=[{"services": ["*"], "destination_id": three}])]
    assert recipients.bounds(settings(tmp_path, bare), without) == {}
