"""Every reader of bytes that come from outside, in one place: a good document for each, and how it is read.

`READERS` are fed with poison by `test_foreign_bytes`; `OURS` names the modules that read what the gateway or its
operator wrote, with the reason. A module that reads either and stands in neither makes that test fail.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.catalogue.publication import report_check
from gateway.catalogue.readback import datahub, pvog
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.rows import AnswerRefused
from gateway.crypto import base64url, header, keys
from gateway.errors import (
    CounterpartError,
    CryptoFailure,
    EvidenceKeysInvalid,
    EvidenceUnreadable,
    GatewayError,
    SetRefused,
)
from gateway.evidence import chain, container, stamp, trust, verify
from gateway.fitconnect import claims, names, routing, wire
from gateway.fitconnect.channel import tokens
from gateway.login import authorization
from gateway.login.assertions import Assertions
from gateway.login.clients import Registry
from gateway.outbound import smtp
from gateway.outbound.answer import Answer
from gateway.outbound.policy import AddressPolicy
from gateway.sets import archive, xrepository
from gateway.web import callbacks
from gateway.web.http import body
from gateway.wiring import identity_metadata

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
UUID: Final = "879ee109-a690-4db8-ab32-424284184d7d"
_RELAY: Final = smtp.Relay("mail.example", 25, "none", AddressPolicy.of(()))


@dataclass(frozen=True)
class Reader:
    """`good` is a document that is taken (or not, by `taken`); `read` may raise nothing but `allowed`.

    `by_schema` marks one whose NUL and large integers are refused field by field, with a finding for the portal.
    """

    read: Callable[[bytes], Any]
    good: Any
    allowed: tuple[type[Exception], ...] = (CounterpartError,)
    taken: bool = True
    by_schema: bool = False


def _answer(read: Callable[[Answer], Any]) -> Callable[[bytes], Any]:
    return lambda raw: read(Answer(200, {}, raw, "peer.example"))


def _refused(raw: bytes) -> object:
    error = wire.refusal(Answer(422, {}, raw, "peer.example"), NOW)
    return error.params if error else None


def _waited(raw: bytes) -> float | None:
    return wire.wait({"retry-after": raw.decode("utf-8", "surrogateescape")}, NOW)


def _clock(raw: bytes) -> float | None:
    said = {"date": raw.decode("utf-8", "surrogateescape")}
    return identity_metadata._ahead(Answer(200, said, b"", "peer.example"), NOW)


def _set(raw: bytes) -> claims.Claims:
    head = header.write({"typ": names.SET_TYP, "alg": names.SIGNATURE_ALG, "kid": "key-of-theirs"})
    return claims.read(f"{head.decode()}.{base64url.encode(raw).decode()}.AAAA")


def _key(raw: bytes) -> object:
    found = keys.public_key(wire.key(Answer(200, {}, raw, "peer.example")), use="verify", x5c_required=False)
    return keys.public_members(found.jwk)


def _assertion(raw: bytes) -> object:
    text = f"{header.write({'alg': 'ES256'}).decode()}.{base64url.encode(raw).decode()}.AAAA"
    return Assertions(Registry(())).proof_of(text, ("https://town.example",), NOW)


def _mail(raw: bytes) -> None:
    client = smtp._Pinned((), _RELAY)
    client.file = io.BytesIO(raw)
    try:
        client.getreply()
    except (OSError, EOFError, ValueError) as error:
        raise smtp._meant(_RELAY, error) from None


def _routes(raw: bytes) -> object:
    expected = routing.ExpectedRoute("99012021002000", "150900546546", "https://portal.example", frozenset(), NOW)
    return [routing.judged(route, expected, {}) for route in routing.read_routes(Answer(200, {}, raw, "peer.example"))]


_N: Final = "v" + "_" * 681 + "8"
_EVENT: Final = {
    "jti": UUID,
    "iss": UUID,
    "iat": 1_795_000_000,
    "sub": f"submission:{UUID}",
    "txn": f"case:{UUID}",
    "note": 1,
    "events": {
        f"{names.EVENT_PREFIX}reject-submission": {
            "authenticationTags": {"metadata": "M" * 22},
            "problems": [{"type": "t", "title": "Anlage fehlt", "detail": "d", "instance": "i", "more": 1}],
        }
    },
}
_INBOX: Final = {
    "destinationId": UUID,
    "status": "active",
    "encryptionKid": "k" * 8,
    "metadataVersions": ["2.0.0"],
    "publicServices": [
        {"identifier": "urn:x", "regions": ["DE"], "submissionSchemas": [{"schemaUri": "urn:s", "mimeType": "a/b"}]}
    ],
}
_JWK: Final = {"kty": "RSA", "alg": "PS512", "kid": "k" * 8, "key_ops": ["verify"], "e": "AQAB", "n": _N, "x": "odd"}
_HUB: Final = {
    "leika_key": "99012021002000",
    "ars": "150900546546",
    "url": "https://a",
    "online_status": "ok",
    "datenstand_pvog_import": "2026-11-22",
}
_PAGE: Final = {"totalPages": 1, "totalElements": 1}
_REFUSED: Final = (AnswerRefused,)
_VERDICT: Final = (GatewayError,)

READERS: Final[Mapping[str, tuple[Reader, ...]]] = {
    "gateway.fitconnect.wire": (
        Reader(_answer(wire.destination), _INBOX),
        Reader(_answer(wire.key_set), {"keys": [_JWK]}),
        Reader(_answer(wire.announced), {"submissionId": UUID, "caseId": UUID}),
        Reader(_answer(wire.events), {"eventLog": ["a.b.c"], "totalCount": 1}),
        Reader(_refused, {"type": names.PROBLEM_PREFIX + "busy", "title": "t"}, ()),
        Reader(_waited, 5, ()),
    ),
    "gateway.fitconnect.routing": (
        Reader(
            _routes,
            {"routes": [{"destinationId": UUID, "destinationSignature": "a.b.c", "origin": "PVOG"}], "totalCount": 1},
        ),
    ),
    "gateway.catalogue.readback.pvog": (
        Reader(
            lambda raw: pvog.online_services(raw, interfaces().pvog),
            {
                "totalHits": 1,
                "nextPageToken": "2",
                "onlineservices": [
                    {
                        "id": "L1.OD.1",
                        "links": [{"uri": "https://a"}],
                        "serviceDescriptions": [{"id": "x", "ars": ["1"]}],
                    }
                ],
            },
            (AnswerRefused,),
        ),
        Reader(
            lambda raw: pvog.descriptions(raw, interfaces().pvog),
            {
                "last": True,
                "totalElements": 1,
                "content": [{"id": "L1.LB.1", "leikakeys": ["9"], "onlineServiceLinks": [{"uri": "https://a"}]}],
            },
            (AnswerRefused,),
        ),
    ),
    "gateway.catalogue.readback.datahub": (
        Reader(lambda raw: datahub.page(raw, interfaces().datahub, NOW), {"content": [_HUB], "page": _PAGE}, _REFUSED),
        Reader(
            lambda raw: datahub.export(raw, interfaces().datahub, NOW),
            ",".join(_HUB) + "\r\n" + ",".join(map(str, _HUB.values())) + "\r\n",
            _REFUSED,
        ),
    ),
    "gateway.catalogue.publication.report_check": (
        Reader(lambda raw: report_check.check(raw, "a..b").ok, {"date": "2026-11-30", "keys": [_JWK]}, ()),
    ),
    "gateway.wiring.identity_metadata": (Reader(_clock, "Mon, 30 Nov 2026 10:00:00 GMT", ()),),
    "gateway.fitconnect.channel.tokens": (
        Reader(_answer(tokens._read), {"access_token": "t", "token_type": "Bearer", "expires_in": 1800}),
    ),
    "gateway.fitconnect.claims": (Reader(_set, _EVENT, (claims.Malformed,)),),
    "gateway.crypto.header": (
        Reader(lambda raw: header.read(base64url.encode(raw)), {"alg": "PS512", "kid": "k"}, (ValueError,)),
    ),
    "gateway.crypto.keys": (Reader(_key, _JWK),),
    "gateway.sets.xrepository": (
        Reader(
            _answer(xrepository.parse_metadata),
            {
                "kennung": "urn:a",
                "version": "1",
                "zeitpunktLetzteBearbeitung": None,
                "alleVersionsKennungen": ["urn:b"],
            },
        ),
        Reader(_answer(lambda answer: xrepository.parse_current_version(answer, "urn:a")), "<a/>", taken=False),
        Reader(xrepository._problem, {"fehler": "NICHT SICHTBAR"}, ()),
    ),
    "gateway.sets.archive": (Reader(archive.read_archive, {}, (SetRefused,), taken=False),),
    "gateway.web.callbacks": (
        Reader(lambda raw: callbacks.named(raw, UUID), {"submissionIds": [UUID], "replies": [{"caseId": UUID}]}, ()),
    ),
    "gateway.web.http.body": (
        Reader(
            lambda raw: body.parse_object(raw, body.BodyLimits()),
            {"service": "s", "record": {"a": [1, 1.5]}},
            _VERDICT,
            by_schema=True,
        ),
    ),
    "gateway.login.assertions": (
        Reader(_assertion, {"iss": "portal", "sub": "portal", "aud": ["a"], "exp": 1, "jti": "j"}, ()),
    ),
    "gateway.login.authorization": (
        Reader(
            lambda raw: authorization._claims(raw.decode("utf-8", "replace")),
            {"userinfo": {"given_name": None}, "id_token": {"acr": {"essential": True, "values": ["a"]}}},
            (authorization.AuthorizationRefusedError,),
            by_schema=True,  # kept under encryption, asked for known members
        ),
    ),
    "gateway.outbound.smtp": (Reader(_mail, "250 OK\r\n"),),
    "gateway.evidence.stamp": (Reader(lambda raw: stamp.check(raw, b"root"), {}, (CryptoFailure,), taken=False),),
    "gateway.evidence.trust": (
        Reader(lambda raw: len(trust.read(raw, "K")), {"keys": [_JWK]}, (EvidenceKeysInvalid,)),
    ),
    "gateway.evidence.chain": (
        Reader(
            lambda raw: chain.read(raw.decode()),
            {"at": "2026-11-23T12:00:00Z", "body": {}, "hash": "", "kind": "e", "prev": "", "seq": 1},
            (ValueError, RecursionError),  # what `verify` takes for the end of the chain
            taken=False,
        ),
    ),
    "gateway.evidence.container": (Reader(container.unpack, {}, (EvidenceUnreadable,), taken=False),),
    "gateway.evidence.verify": (Reader(lambda raw: verify.verify(raw).ok, {}, ()),),
}

_ROWS: Final = "rows of our own database"
_SIGNED: Final = "judged only after a signature of our own key"
_OPERATOR: Final = "a file of the operator"
_PACKAGE: Final = "a file of this package or that it installed"

OURS: Final[Mapping[str, str]] = {
    "gateway.bundid.profile": "profiles that are shipped beside it",
    "gateway.catalogue.probes.asking": "asks; of a page nothing is read but words (`page`)",
    "gateway.catalogue.readback.asking": "asks; `pvog`, `datahub` and `routing` read",
    "gateway.catalogue.readback.interfaces": "data that are shipped beside it",
    "gateway.catalogue.statistics.interfaces": "data that are shipped beside it",
    "gateway.catalogue.statistics.sending": "asks; of an answer its status counts, and an id held to a pattern",
    "gateway.catalogue.xzufi.profile": "data that are shipped beside it",
    "gateway.wiring.catalogue_probes": "asks; of an answer nothing but its status counts",
    "gateway.delivery.parcel": _ROWS,
    "gateway.store.connection.database": _ROWS,
    "gateway.store.proof.chains": _ROWS,
    "gateway.store.rows.values": _ROWS,
    "gateway.store.memory.store": "values that this store took in itself",
    "gateway.evidence.archive": "entries that `chain` has read",
    "gateway.evidence.cover": "entries that `chain` has read",
    "gateway.evidence.sets": "entries that `chain` has read; their tokens go through `claims`",
    "gateway.evidence.roots": _SIGNED,
    "gateway.evidence.judge": "entries and roots whose digests or signatures were judged",
    "gateway.store.proof.witness": _OPERATOR,
    "gateway.login.tokens": _SIGNED,
    "gateway.login.id_tokens": _SIGNED,
    "gateway.store.rows.identities": _ROWS,
    "gateway.store.login.sealing": _ROWS,
    "gateway.store.memory.logins": "values that this store took in itself",
    "gateway.wiring.id_token_signing": _OPERATOR,
    "gateway.keys.municipality": _OPERATOR,
    "gateway.keys.files": _OPERATOR,
    "gateway.serve.dependencies": _OPERATOR,
    "gateway.settings.toml": _OPERATOR,
    "gateway.settings.production": _OPERATOR,
    "gateway.settings.unusable_files": _OPERATOR,
    "gateway.store.server.backup": _OPERATOR,
    "gateway.store.server.backup_file": _OPERATOR,
    "gateway.store.erasure.erased_list": _OPERATOR,
    "gateway.services.folder": _OPERATOR,
    "gateway.fitconnect.metadata": _PACKAGE,
    "gateway.sets.installed": _PACKAGE,
    "gateway.sets.manifest": _PACKAGE,
    "gateway.xoev.fim.limits": "values of a form schema, each number kept as its spelling",
    "gateway.input.json_reader": "the reader itself",
    "gateway.fitconnect.channel.api": "moves bytes, bounded; `wire` reads them",
    "gateway.notify.webhooks": "reads status and Retry-After alone",
    "gateway.notify.logouts": "reads status and Retry-After alone",
    "gateway.worker.stamping": "moves bytes; `stamp` reads them",
}


def raw(document: Any) -> bytes:
    """A good document as it comes over the wire."""
    return (document if isinstance(document, str) else json.dumps(document)).encode()
