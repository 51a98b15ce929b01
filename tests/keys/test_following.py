"""What is made from files is made anew once one of them changed; what is of no use replaces nothing."""

from __future__ import annotations

import base64
import json
import os
from functools import partial

import pytest
from joserfc.jwk import OKPKey
from structlog.testing import capture_logs

from gateway.keys.files import read_secret
from gateway.keys.following import Following
from gateway.login.clients import Registry
from gateway.serve.dependencies import _followed
from gateway.settings.reading import read
from gateway.settings.server import ClientSection
from gateway.wiring import recipients
from gateway.wiring.messengers import _reach


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("first", encoding="utf-8")
    return path


@pytest.fixture
def followed(secret):
    made = []

    def make():
        made.append(read_secret(secret, "town.secret_file"))
        return made[-1]

    return Following("town.secret_file", [secret], make), made


def test_an_unchanged_file_is_read_once(followed):
    value, made = followed
    assert [value(), value()] == ["first", "first"]
    assert made == ["first"]


def test_a_file_written_over_or_replaced_counts_at_once(secret, followed):
    value, _ = followed
    secret.write_text("second", encoding="utf-8")
    assert value() == "second"
    beside = secret.with_name("beside")
    beside.write_text("third!", encoding="utf-8")
    beside.replace(secret)
    assert value() == "third!"


def test_a_replacement_of_the_same_size_and_time_is_another_file(secret, followed):
    value, _ = followed
    before = secret.stat()
    beside = secret.with_name("beside")
    beside.write_text("again", encoding="utf-8")
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    beside.replace(secret)
    assert value() == "again"


def test_what_a_link_points_to_is_followed(tmp_path, secret):
    """As Kubernetes mounts secrets: a link is bent to another directory."""
    other = tmp_path / "other"
    other.write_text("second", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(secret)
    value = Following("x", [link], lambda: read_secret(link, "x"))
    link.unlink()
    link.symlink_to(other)
    assert value() == "second"


@pytest.mark.parametrize("spoil", [lambda path: path.write_text(" "), os.unlink], ids=["empty", "gone"])
def test_what_is_of_no_use_is_told_once_and_the_next_change_is_taken(secret, followed, spoil):
    value, _ = followed
    spoil(secret)
    with capture_logs() as lines:
        assert [value(), value()] == ["first", "first"]
    assert [(each["event"], each["setting"]) for each in lines] == [("files.not_usable", "town.secret_file")]
    assert "first" not in repr(lines)
    secret.write_text("second", encoding="utf-8")
    assert value() == "second"


def test_a_corrected_secret_and_key_of_a_portal_count_at_the_next_request(tmp_path):
    path, keys = tmp_path / "portal.secret", tmp_path / "portal.jwks"
    path.write_text("wrong", encoding="utf-8")
    keys.write_text('{"keys": []}', encoding="utf-8")
    section = ClientSection(id="portal", secret_file=path, jwks=keys)
    registry = Registry(changing={"portal": _followed(section, frozenset({"150900546546"}))})
    assert registry.by_secret("portal", "right") is None
    path.write_text("right", encoding="utf-8")
    jwk = OKPKey.generate_key("Ed25519", private=True).as_dict(private=False)
    keys.write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    found = registry.by_secret("portal", "right")
    assert found is not None
    assert len(found.keys) == 1
    assert registry.by_secret("portal", "wrong") is None


def test_a_corrected_secret_of_an_alarms_webhook_counts(tmp_path):
    path, right = tmp_path / "hook.secret", base64.b64encode(bytes(32)).decode()
    path.write_text("whsec_" + base64.b64encode(bytes(range(32))).decode(), encoding="utf-8")
    recipient = {"name": "it", "url": "https://hook.example", "secret_file": path}
    settings = read(None, data_dir=tmp_path, alarms__recipients=[recipient])
    reach = Following("alarms", recipients.files(settings), partial(_reach, settings))
    (before,) = reach()[0].values()
    path.write_text(f"whsec_{right}", encoding="utf-8")
    ((key, after),) = reach()[0].items()
    assert (after.secret, key) == (bytes(32), before.key), "what waits for the recipient stays its own"
