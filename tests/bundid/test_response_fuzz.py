"""Whatever bytes come, an answer is refused or is the genuine one: nothing else is raised, nobody else is signed in."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.bundid.response import ResponseRefused, read
from tests.properties import TIMES

from . import responses as made

SEEDS = {
    "encrypted": (made.genuine(), {}),
    "plain": (made.response(made.signed(made.assertion())), {}),
    "response": (
        made.signed(made.response(made.encrypted(made.assertion())), made.RESPONSE_ID),
        {"signature": "assertion_or_response"},
    ),
    "status": (made.response(said=made.status(made.SAML + "status:Requester")), {}),
}
GENUINE = read(made.answer(made.genuine()), made.rules())
PIECES = [
    b"<",
    b">",
    b"/>",
    b'"',
    b"&",
    b"&#0;",
    b"&x;",
    b"<!--",
    b"<![CDATA[",
    b"xmlns:",
    b"ID=",
    b"\x00",
    b"\xff",
    b"\n",
]
EVIL = made.assertion(id_="_evil", attributes=made.attribute(made.BPK2, "evil-person"))


def judged(field: bytes, **rules: object) -> None:
    try:
        got = read(field, made.rules(**rules))
    except ResponseRefused:
        return
    assert got == GENUINE


def bent(document: bytes, draw) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(document)))
        end = min(len(document), start + draw(st.integers(0, 80)))
        other = draw(st.integers(0, len(document)))
        document = draw(
            st.sampled_from(
                [
                    document[:start] + document[end:],
                    document[:start] + document[start:end] + document[start:],
                    document[:start] + document[other : other + 400] + document[end:],
                    document[:start] + draw(st.sampled_from([*PIECES, EVIL])) + document[end:],
                    document[:start] + draw(st.binary(max_size=8)) + document[end:],
                ]
            )
        )
    return document


@settings(max_examples=400 * TIMES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_a_bent_answer_is_refused_or_says_what_it_said(data):
    document, rules = SEEDS[data.draw(st.sampled_from(sorted(SEEDS)))]
    judged(made.answer(bent(document, data.draw)), **rules)


@settings(max_examples=150 * TIMES)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(field):
    judged(field)
    judged(made.answer(field))


@settings(max_examples=150 * TIMES)
@given(st.data())
def test_any_plaintext_is_refused(data):
    plain = bent(made.signed(made.assertion()), data.draw)
    judged(made.answer(made.response(made.encrypted(plain))))
