"""Every class of attack on an answer is refused, for its own reason, and outside all refusals are the same."""

from __future__ import annotations

import socket
from base64 import b64decode

import pytest

from gateway.bundid.refusal import REASONS
from gateway.bundid.response import ResponseRefused, read
from gateway.ports.identity import RefusalKind

from . import responses as made
from .attacks import ATTACKS


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused(name):
    attack = ATTACKS[name]
    with pytest.raises(ResponseRefused) as refusal:
        read(attack.build(), made.rules(**attack.rules))
    assert (refusal.value.kind, refusal.value.reason) == (RefusalKind.FAILED, attack.reason)
    assert not any(value in str(refusal.value) for value in ("k2jBT", "Jürgen", "evil", "127.0.0.1"))


ASKING = [name for name in ATTACKS if name[:3] in {"13c", "18b", "18c", "35 ", "35b", "35c"}]


@pytest.mark.parametrize("name", ASKING)
def test_no_address_of_an_answer_is_asked(name):
    attack = ATTACKS[name]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"127.0.0.1:{listener.getsockname()[1]}".encode()
        document = b64decode(attack.build())
        assert b"127.0.0.1:9" in document
        with pytest.raises(ResponseRefused):
            read(made.answer(document.replace(b"127.0.0.1:9", address)), made.rules(**attack.rules))
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_every_reason_that_is_a_failure_has_an_attack():
    polite = {"status_cancelled", "status_attributes_missing", "status_no_authn_context"}
    assert {attack.reason for attack in ATTACKS.values()} == REASONS.keys() - polite
