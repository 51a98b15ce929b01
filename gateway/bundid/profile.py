"""Identity providers as data: what each is asked, what its answers may be, and which of its words mean what.

Knows: the shape of `profiles/*.toml`, and that one may be `like` another. Never does: read settings or answers.
Standard: BundID interface 10.2, NEZO, eIDAS attribute profile, as far as they are public. Start reading: `Profile`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from gateway.bundid.algorithms import Algorithms
from gateway.model import Level

SignedPart = Literal["assertion", "assertion_or_response"]
"""Which signature counts: that of the assertion, or one around the whole answer too."""
_PROFILES: Final = resources.files("gateway.bundid") / "profiles"


@dataclass(frozen=True, slots=True)
class RequestRules:
    """What a request looks like. `levels` are the words to ask with, by level (empty: that level is not named).

    `requested` says of each attribute whether it is required. `bindings` (`post`, `redirect`) in the order of
    preference.
    """

    bindings: tuple[str, ...]
    signature_algorithm: str
    force_authn: bool
    name_id_policy: str
    authn_methods: tuple[str, ...]
    levels: Mapping[Level, str]
    requested: Mapping[str, bool]
    extension: Literal["akdb", "none"]


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What an answer may look like."""

    algorithms: Algorithms
    signature: SignedPart
    require_encryption: bool
    skew_s: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class AccountRules:
    """What makes the key of an account: attributes, beside them the NameID, or a persistent NameID instead of them."""

    attributes: tuple[str, ...]
    with_name_id: bool = False
    persistent_name_id: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Attributes whose value holds elements: our name of each element, and which of them make `street_address`."""

    names: tuple[str, ...] = ()
    street_address: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LevelRules:
    """Where the level of a login stands. `words` are those of logins, `value_words` those of single values."""

    authn_context: bool
    attributes: tuple[str, ...]
    words: Mapping[str, Level]
    value_words: Mapping[str, Level]
    attested_by_login: frozenset[str]


@dataclass(frozen=True, slots=True)
class AboutRules:
    """Attributes that say something of the login and not of the person; empty: none does."""

    means: str = ""
    second_factor: str = ""
    mailbox: str = ""
    application_id: str = ""
    test_account: str = ""
    data_kind: str = ""
    person_kinds: tuple[str, ...] = ()


Sources = Mapping[str, tuple[str, ...]]
"""Our name of a value: the attributes that may hold it, the first one that is there counts (`A/B`: element B of A)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One identity provider. `entity_id` and `metadata` are those known beforehand, or empty."""

    name: str
    title: str
    audience: Literal["person", "organisation"]
    entity_id: str
    metadata: str
    test_environment: bool
    uncertain: tuple[str, ...]
    request: RequestRules
    answer: AnswerRules
    level: LevelRules
    account: AccountRules
    about: AboutRules
    addresses: AddressRules
    person: Sources
    organisation: Sources
    acting: Sources

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that may be asked for, lowest first."""
        return tuple(sorted(self.request.levels))

    @property
    def attributes(self) -> frozenset[str]:
        """The names of all attributes that mean something; an answer may hold others, more than once too."""
        named = {*self.account.attributes, *self.level.attributes, *self.addresses.names}
        about = self.about
        named |= {about.means, about.second_factor, about.mailbox, about.application_id}
        named |= {about.test_account, about.data_kind}
        for table in (self.person, self.organisation, self.acting):
            for theirs in table.values():
                named |= {*theirs, *(path.rpartition("/")[0] for path in theirs)}
        return frozenset(named - {""})


def names() -> tuple[str, ...]:
    """Every profile that is shipped."""
    files = (file.name for file in _PROFILES.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


@cache
def load(name: str) -> Profile:
    """A profile by its name. Raises `KeyError` where there is none."""
    if name not in names():
        raise KeyError(name)
    return made(name, _values(name))


def _values(name: str) -> dict[str, Any]:
    values = tomllib.loads((_PROFILES / f"{name}.toml").read_text(encoding="utf-8"))
    like = values.pop("like", "")
    return {**_values(like), **values} if like else values


def made(name: str, values: Mapping[str, Any]) -> Profile:
    """The profile of a table. Raises `KeyError` and `TypeError` for one that lacks a key or has one too many."""
    members = dict(values)
    levels = _levels(members.pop("levels"))
    value_levels = _levels(members.pop("value_levels"))
    level = members.pop("level")
    skew_s = int(members.pop("skew_s"))
    return Profile(
        name=name,
        title=members.pop("title"),
        audience=members.pop("audience"),
        entity_id=members.pop("entity_id", ""),
        metadata=members.pop("metadata", ""),
        test_environment=members.pop("test_environment", False),
        uncertain=tuple(members.pop("uncertain", ())),
        request=_request(members.pop("request"), members.pop("requested"), members.pop("extension")),
        answer=_answer(members.pop("response"), skew_s),
        level=LevelRules(
            authn_context=level["authn_context"],
            attributes=tuple(level["attributes"]),
            words=levels,
            value_words=value_levels,
            attested_by_login=frozenset(_wire(members.pop("attested_by_login", ()))),
        ),
        account=AccountRules(**_tuples(members.pop("account"))),
        about=AboutRules(**_tuples(members.pop("about"))),
        addresses=AddressRules(**_tuples(members.pop("addresses", {}))),
        person=_sources(members.pop("person")),
        organisation=_sources(members.pop("organisation", {})),
        acting=_sources(members.pop("acting", {})),
        **members,
    )


def _request(values: Mapping[str, Any], requested: Mapping[str, bool], extension: Any) -> RequestRules:  # noqa: ANN401 - as TOML has it
    return RequestRules(
        bindings=tuple(values["bindings"]),
        signature_algorithm=values["signature_algorithm"],
        force_authn=values["force_authn"],
        name_id_policy=values["name_id_policy"],
        authn_methods=tuple(values["authn_methods"]),
        levels={Level[level.upper()]: word for level, word in values["levels"].items()},
        requested=dict(zip(_wire(requested), requested.values(), strict=True)),
        extension=extension,
    )


def _answer(values: Mapping[str, Any], skew_s: int) -> AnswerRules:
    algorithms = Algorithms(
        content=frozenset(values["content"]),
        transport=frozenset(values["transport"]),
        signature=frozenset(values["signatures"]),
        digest=frozenset(values["digests"]),
    )
    return AnswerRules(algorithms, values["signature"], values["require_encryption"], skew_s, int(values["max_bytes"]))


def _levels(words: Mapping[str, str]) -> Mapping[str, Level]:
    return {word: Level[level.upper()] for word, level in words.items()}


def _sources(table: Mapping[str, str | list[str]]) -> Sources:
    return {ours: tuple(_wire([theirs] if isinstance(theirs, str) else theirs)) for ours, theirs in table.items()}


def _wire(written: Any) -> list[str]:  # noqa: ANN401 - a list or the keys of a table
    """Names without the blanks that printed tables have in some of them (`urn:oid: 1.2.40…`)."""
    return ["".join(name.split()) for name in written]


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
