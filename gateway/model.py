"""The nouns of the gateway, as frozen values. `repr()` of one that can hold personal data shows identifiers only.

Knows: what an application, attachment, submission, destination, municipality, client, identity, event and finding are.
Never does: I/O, clocks, randomness, wire formats. Standard: glossary of the project (one word a thing).
Start reading: `Submission`, then `Application`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, Literal
from uuid import UUID


class Severity(StrEnum):
    """How much a finding weighs: an `error` stops the submission, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Blame(StrEnum):
    """Whose fault an error is; decides who has to act."""

    PORTAL = "portal"
    GATEWAY = "gateway"
    COUNTERPART = "counterpart"
    OPERATOR = "operator"


class State(StrEnum):
    """The states of a submission; `gateway/submission/states.py` holds the table of transitions."""

    RECEIVED = "received"
    SEALED = "sealed"
    ANNOUNCED = "announced"
    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    HELD = "held"
    CANCELLED = "cancelled"


class Purpose(StrEnum):
    """What an attachment is for (FIT-Connect metadata 2.x, `contentStructure.attachments[].purpose`)."""

    FORM = "form"
    ATTACHMENT = "attachment"
    REPORT = "report"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check; a value, never an exception.

    `pointer` is an RFC 6901 pointer into the portal's body (`/record/applicant/name`), `rule` a stable slug.
    `de` and `en` name the rule and the way out and never contain the offending value.
    """

    pointer: str
    rule: str
    de: str
    en: str
    severity: Severity = Severity.ERROR

    def as_json(self) -> dict[str, str]:
        """The finding in the shape of the fixed HTTP interface."""
        sentences = {"de": self.de, "en": self.en}
        return {"pointer": self.pointer, "rule": self.rule, "severity": self.severity.value, **sentences}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an application. `sha256` is lower-case hex over the plain bytes, `size` in bytes."""

    kind: str
    filename: str = field(repr=False)
    media_type: str
    size: int
    sha256: str
    purpose: Purpose = Purpose.ATTACHMENT
    upload: UUID | None = None
    blob: UUID | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The standardised document: exact bytes and the schema they follow. Holds personal data."""

    content: bytes = field(repr=False)
    standard: str
    schema_uri: str
    namespace: str
    media_type: str
    sha256: str


class SignatureFormat(StrEnum):
    """How a document is signed: a plain JWS, or an advanced signature at baseline level B-B in JSON or XML."""

    JWS = "jws"
    JADES = "jades"
    XADES = "xades"


@dataclass(frozen=True, slots=True)
class SignatureStyle:
    """What a service or a destination asks for; `enveloped`: the signature stands in the document (XAdES alone)."""

    format: SignatureFormat = SignatureFormat.JWS
    enveloped: bool = False


PLAIN_JWS = SignatureStyle()


@dataclass(frozen=True, slots=True)
class Signature:
    """A document's signature.

    `content` is what metadata carry: a compact JWS without payload, or the base64 of an XML signature; None where the
    signature stands in the document. `algorithm` is its identifier in JOSE or XML, `kid` names the key,
    `certificate_sha256` (hex) the signing certificate, where there is one.
    """

    style: SignatureStyle
    content: str | None = field(repr=False)
    algorithm: str
    kid: str
    certificate_sha256: str | None


class EventMeaning(StrEnum):
    """What an event says of a submission, in whatever words its channel has for it."""

    SUBMITTED = "submitted"  # the counterpart has it
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # by the authority
    WITHDRAWN = "withdrawn"  # ended by the counterpart, not by the authority
    NOTICE = "notice"  # changes nothing


@dataclass(frozen=True, slots=True)
class Event:
    """A verified (or refused) event of a submission's event log. `type` is the channel's word for it, verbatim.

    `meaning` follows from the rest, and so does `lack`: what a genuine one lacks that does not count, German and
    English. Rows keep neither: the channel says both, also of what is read from a row.
    `key` is the digest of the key that it was verified with, known where it was read and not kept with the submission.
    """

    type: str
    issuer: str
    verified: bool
    at: datetime
    problems: tuple[Mapping[str, Any], ...] = ()
    jti: str = ""
    token: str = field(default="", repr=False)
    key: str = field(default="", repr=False, compare=False)
    meaning: EventMeaning = field(default=EventMeaning.NOTICE, compare=False)
    lack: tuple[str, str] | None = field(default=None, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The event in the shape of the fixed HTTP interface."""
        return {
            "type": self.type,
            "issuer": self.issuer,
            "verified": self.verified,
            "at": instant(self.at),
            "problems": [dict(p) for p in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a submission is where it is: stable code and one sentence in each language."""

    code: str
    de: str
    en: str

    def as_json(self) -> dict[str, str]:
        """The reason in the shape of the fixed HTTP interface."""
        return {"code": self.code, "de": self.de, "en": self.en}


@dataclass(frozen=True, slots=True)
class Part:
    """One sealed part of a submission: `metadata`, `data`, or an attachment named by its remote id.

    `size` is the length of the compact JWE in bytes, `tag` its authentication tag (22 base64url characters),
    `blob` the stored ciphertext; `uploaded` is set once the counterpart confirmed it.
    """

    name: str
    blob: UUID
    size: int
    tag: str
    uploaded: bool = False

    @property
    def is_attachment(self) -> bool:
        """Whether the part is uploaded on its own, before the final request."""
        return self.name not in {"metadata", "data"}


@dataclass(frozen=True, slots=True)
class FitConnectAddress:
    """What FIT-Connect is told of an addressed service beside its destination: URN (`urn:de:fim:…`) and region."""

    service_identifier: str
    region: str | None


@dataclass(frozen=True, slots=True)
class Submission:
    """The thing with states: one application on its way to one destination. Holds no personal data.

    `version` counts every commit; whoever writes names the version that was read. `intent` names the call outside
    that was begun and whose result is not committed yet. `address` is what its channel knows of the way there, if it
    takes more than `destination_id`. `parts` and `events` are in order.
    """

    id: UUID
    municipality: str
    client: str
    service: str
    state: State
    version: int
    created_at: datetime
    updated_at: datetime
    channel: str
    destination_id: str | None = None
    case_id: str | None = None
    remote_id: str | None = None
    address: FitConnectAddress | None = None
    parts: tuple[Part, ...] = ()
    events: tuple[Event, ...] = ()
    reason: Reason | None = None
    intent: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    announced_at: datetime | None = None
    submitted_at: datetime | None = None
    deadline: datetime | None = None
    held_from: State | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """An inbox of an authority: fixed by the municipality's file or found by routing.

    `channel` is the way there; what else that takes stands in the settings of the channel. `signature` is how its
    documents are signed; None: as the service says. `takes` says which applications go there: `live` ones, those of a
    `test`, or `all`.
    """

    destination_id: str
    channel: str
    services: tuple[str, ...] = ()
    signature: SignatureStyle | None = None
    takes: Literal["all", "live", "test"] = "all"

    def serves(self, service: str, *, test: bool | None) -> bool:
        """Whether such applications for the service (by its id, or `*`) go here; None: any kind of."""
        kind = test is None or self.takes in {"all", "test" if test else "live"}
        return kind and service in self.services


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality. `ars` has 12 digits, `public_url` is its OIDC issuer; `logins`: people can log in there."""

    slug: str
    ars: str
    name: str
    public_url: str
    destinations: tuple[Destination, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    logins: bool = False  # it has identity providers, so that it signs who logged in for an application

    def destination_for(self, service: str, *, test: bool | None = None) -> Destination | None:
        """Where a service's submissions go: the destination that names it, else the one for every other service.

        `test` asks for live ones or those of a test; None: whichever there is.
        """
        serving = (d for name in (service, "*") for d in self.destinations if d.serves(name, test=test))
        return next(serving, None)


class Level(IntEnum):
    """How much a login or a value of it can be trusted: BSI TR-03160-1, eIDAS from `LOW` on."""

    BASIC = 1  # Basisregistrierung, below eIDAS
    LOW = 2
    SUBSTANTIAL = 3
    HIGH = 4

    def acr(self, issuer: str) -> str:
        """The level as OpenID Connect's `acr`; basic registration, which eIDAS lacks, has an address of the issuer."""
        return f"{issuer}/acr/basic" if self is Level.BASIC else f"http://eidas.europa.eu/LoA/{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class Attested:
    """A value that an identity provider said of somebody, and its own level (None: it said none)."""

    value: str = field(repr=False)
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person as an identity provider described them. Holds personal data.

    `values` are by our names (`given_name`, `family_name`, `birthdate`, `street_address` …; `bundid/attributes.py`
    lists them), each with its level; what was not said is not there. A birth date may be incomplete (`1964-00-00`).
    """

    values: Mapping[str, Attested] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A legal person, association or business, and who acts for it, where that was said. May hold personal data."""

    values: Mapping[str, Attested] = field(default_factory=dict, repr=False)
    acting: Person | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in, as one verified answer of an identity provider says.

    `provider` is its name in the municipality's file, `issuer` its entityID. `account` is the key of the account there
    (None: a guest, whom nothing tells from another). `means` is the identity provider's word for how the person proved
    who they are, verbatim. `mailbox` is the handle of the mailbox, `application_id` the account's id of the
    application; neither is ever a key of an account. Exactly one of `person` and `organisation` is set.
    """

    provider: str
    issuer: str
    level: Level
    authenticated_at: datetime
    account: str | None = field(default=None, repr=False)
    means: str | None = None
    second_factor: bool | None = None
    person: Person | None = None
    organisation: Organisation | None = None
    mailbox: UUID | None = field(default=None, repr=False)
    application_id: UUID | None = field(default=None, repr=False)
    test_account: bool = False


class ClientScope(StrEnum):
    """What a portal's access token opens (fixed interfaces, `POST /oidc/token`)."""

    WRITE = "submissions:write"
    READ = "submissions:read"
    SERVICES = "services:read"
    WEBHOOKS = "webhooks:write"


ALL_SCOPES: Final = tuple(scope.value for scope in ClientScope)


@dataclass(frozen=True, slots=True)
class Client:
    """A portal's machine account, as an access token names it.

    `municipalities` are the ARS that it may serve, `services` the ids of its services (None: every one on offer).
    """

    id: str
    scopes: frozenset[str]
    municipalities: frozenset[str]
    services: frozenset[str] | None = None


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as everywhere in the fixed interfaces."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Scope:
    """Who may see: a client's own submissions in its municipalities. `client=None` is the operator at the machine."""

    client: str | None
    municipalities: frozenset[str] | None = None
