"""Bytes that others send: every reader of foreign JSON takes what UTF-8 and PostgreSQL cannot hold; none is forgotten.

`READERS` lists them; a place in a room that meets counterparts and reads JSON without being listed fails the test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import foreign_json
from gateway.crypto import base64url, header
from gateway.errors import CounterpartGarbled, CryptoFailure, GatewayError
from gateway.fitconnect import claims, wire
from gateway.fitconnect.channel import tokens
from gateway.login import assertions
from gateway.outbound.answer import Answer
from gateway.sets import xrepository
from gateway.web import callbacks

ROOT = Path(__file__).parents[1] / "gateway"
ROOMS = ("crypto", "fitconnect", "login", "outbound", "sets", "web")


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {}, body, "counterpart.example")


def segment(body: bytes) -> str:
    return base64url.encode(body).decode()


HEADER = segment(b'{"typ":"secevent+jwt","alg":"PS512","kid":"k"}')

READERS: dict[str, Callable[[bytes], object]] = {
    "crypto/header.py": lambda raw: header.read(base64url.encode(raw)),
    "fitconnect/claims.py": lambda raw: claims.read(f"{HEADER}.{segment(raw)}.AA"),
    "fitconnect/wire.py": lambda raw: (wire.slug(answer(raw)), wire.key(answer(raw)), wire.events(answer(raw))),
    "fitconnect/channel/tokens.py": lambda raw: tokens._read(answer(raw)),
    "login/assertions.py": lambda raw: assertions._subject(f"a.{segment(raw)}.b"),
    "sets/xrepository.py": lambda raw: (xrepository._problem(raw), xrepository.parse_metadata(answer(raw))),
    "web/callbacks.py": lambda raw: callbacks.named(raw, "d"),
}
OWN = {
    "fitconnect/metadata.py": "FITKO's schemas, installed by digest",
    "login/tokens.py": "tokens that we signed",
    "sets/installed.py": "our own index",
}
"""Readers of JSON in these rooms whose bytes are our own."""

HOSTILE = {
    "NUL": b'{"a":"x\\u0000y","type":"\\u0000","kid":"\\u0000"}',
    "lone surrogate": b'{"a":"\\ud800","\\udfff":1,"sub":"\\udc00"}',
    "huge whole number": b'{"expires_in":1'
    + b"0" * 400
    + b',"access_token":"a","token_type":"Bearer","count":1'
    + b"0" * 400
    + b"}",
    "more digits than Python reads": b'{"expires_in":' + b"9" * 5000 + b"}",
    "huge real number": b'{"expires_in":1e999,"access_token":"a","token_type":"Bearer"}',
    "no number": b'{"expires_in":NaN,"iat":Infinity}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a little too deep": b'{"a":' * 70 + b"1" + b"}" * 70,
    "large": b'{"a":"' + b"x" * 10_000_000 + b'"}',
    "no UTF-8": b'{"a":"\xff\xfe"}',
    "half": b'{"a":',
    "nothing": b"",
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("reader", READERS)
def test_no_foreign_bytes_are_more_than_one_of_our_errors(reader: str, hostile: str) -> None:
    try:
        read = READERS[reader](HOSTILE[hostile])
    except (GatewayError, ValueError, RecursionError):  # RecursionError: `crypto.border.silent` turns it into its own
        assert reader == "crypto/header.py" or not isinstance(_raised(reader, hostile), RecursionError)
        return
    for text in _texts(read):
        text.encode()
        assert "\x00" not in text


def _raised(reader: str, hostile: str) -> BaseException:
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - whichever it is
        READERS[reader](HOSTILE[hostile])
    return raised.value


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in _texts(part)]
    return []


def test_every_reader_of_json_in_these_rooms_is_listed() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"json\.loads?\(|foreign_json\.read\(|\.decode\(text\)", path.read_text(encoding="utf-8"))
    }
    body = {"web/body.py", "web/batch.py"} & found  # portals' bodies: tests/web
    assert found - body == READERS.keys() | OWN.keys()
    assert READERS.keys() - {"crypto/header.py"} == {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "foreign_json.read(" in path.read_text(encoding="utf-8") and path.name != "foreign_json.py"
    }


def test_what_cannot_be_stored_is_changed_and_the_rest_stays() -> None:
    raw = json.dumps({"a\x00": ["x\x00", "\ud800y", 10**30, 7, 1.5, None, True]}).encode()
    assert foreign_json.read(raw) == {"a\ufffd": ["x\ufffd", "\ufffdy", None, 7, 1.5, None, True]}
    assert foreign_json.read(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_a_member_named_twice_is_refused_where_that_is_asked() -> None:
    assert foreign_json.read(b'{"a":1,"a":2}') == {"a": 2}
    with pytest.raises(foreign_json.Unreadable):
        foreign_json.read(b'{"a":1,"a":2}', unique=True)


def test_a_token_of_absurd_life_is_the_counterparts_fault() -> None:
    raw = b'{"access_token":"a","token_type":"Bearer","expires_in":1' + b"0" * 400 + b"}"
    with pytest.raises(CounterpartGarbled):
        tokens._read(answer(raw))


def test_an_assertion_with_a_lone_surrogate_names_nobody_that_cannot_be_stored() -> None:
    surrogate, deep = segment(b'{"sub":"\\ud800x"}'), segment(b"[" * 10_000)
    assert assertions._subject(f"a.{surrogate}.b") == "\ufffdx"
    with pytest.raises((CryptoFailure, ValueError)):
        assertions._subject(f"a.{deep}.b")
