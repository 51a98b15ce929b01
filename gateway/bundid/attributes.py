"""From a verified assertion to who logged in: values by our names, each with its level, by the rules of a profile.

Knows: that names are matched exactly and FriendlyNames never, incomplete birth dates, values that hold elements.
Never does: verify anything (`response` does), guess. Standard: BundID interface 10.2 §6; NEZO; BSI TR-03160-1.
Start reading: `identity`.

Our names of a person's values: `given_name`, `family_name`, `birth_family_name`, `birthdate`, `place_of_birth`,
`nationality` (as it came: ICAO or ISO), `gender` (ISO 5218), `title`, `street_address`, `postal_code`, `locality`,
`country`, `email`, `phone_number`, `de_mail`, `document_type`, `community_id`, `eidas_issuing_country`; of an
organisation's: `name`, `legal_form`, `register_number` … as `profiles/mein-unternehmenskonto.toml` lists them.
Addresses that come in elements have `street`, `house_number`, `district`, `address_supplement`, `address_type` besides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from gateway.bundid import names
from gateway.bundid.assertion import Assertion, SamlAttribute
from gateway.bundid.profile import Profile, Sources
from gateway.model import Attested, Identity, Level, Organisation, Person
from gateway.ports.identity import RefusalKind

VALUE_MOST: Final = 1000
"""Characters of one value."""
ACCOUNT_MOST: Final = 512
MEANS_MOST: Final = 100
_ISO_DATE: Final = re.compile(r"([0-9]{4})-?([0-9]{2}|\s\s)?-?([0-9]{2}|\s\s)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_GERMAN_DATE: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_DATES: Final = frozenset({"birthdate", "founded_on", "ended_on"})
_BIDI: Final = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_XML_SPACE: Final = " \t\r\n"
_TRUE: Final = frozenset({"true", "1"})


class IdentityRefused(Exception):
    """The assertion is genuine, but nobody can be signed in with it; `reason` is a slug without values."""

    def __init__(self, reason: str, kind: RefusalKind = RefusalKind.FAILED) -> None:
        self.kind, self.reason = kind, reason
        super().__init__(reason)


def identity(provider: str, assertion: Assertion, profile: Profile) -> Identity:
    """Who logged in at the identity provider of that name. Raises `IdentityRefused`."""
    attributes = _by_name(assertion.attributes)
    level = _level(assertion, attributes, profile)
    about = profile.about
    kind = _text(attributes, about.data_kind)
    as_person = profile.audience == "person" or kind in about.person_kinds
    person = organisation = None
    if as_person:
        person = Person(_values(attributes, profile.person, profile, level))
    else:
        acting = _values(attributes, profile.acting, profile, level, addresses=False)
        values = _values(attributes, profile.organisation, profile, level)
        organisation = Organisation(values, Person(acting) if acting else None)
    second_factor = _text(attributes, about.second_factor)
    return Identity(
        provider=provider,
        issuer=assertion.issuer,
        level=level,
        authenticated_at=assertion.authn_instant,
        account=_account(assertion, attributes, profile),
        means=_text(attributes, about.means)[:MEANS_MOST] or None,
        second_factor=second_factor.lower() in _TRUE if second_factor else None,
        person=person,
        organisation=organisation,
        mailbox=_uuid(_text(attributes, about.mailbox)),
        application_id=_uuid(_text(attributes, about.application_id)),
        test_account=profile.test_environment or _text(attributes, about.test_account).lower() in _TRUE,
    )


def _by_name(attributes: tuple[SamlAttribute, ...]) -> dict[str, SamlAttribute]:
    by_name = {attribute.name: attribute for attribute in attributes}
    if len(by_name) != len(attributes):
        raise IdentityRefused("attribute_twice")
    return by_name


def _level(assertion: Assertion, attributes: Mapping[str, SamlAttribute], profile: Profile) -> Level:
    """The level of the login: the lowest that is said. An attribute never raises what the context says."""
    rules = profile.level
    words = [assertion.authn_context] if rules.authn_context else []
    words += [text for name in rules.attributes if (text := _text(attributes, name))]
    levels = [rules.words.get(word) for word in words]
    known = [level for level in levels if level is not None]
    if not known or len(known) < len(levels):
        raise IdentityRefused("level_unknown")
    if rules.authn_context and max(known) > known[0]:
        raise IdentityRefused("level_contradiction")
    if not rules.authn_context and len(known) < len(rules.attributes):
        raise IdentityRefused("level_missing")
    return min(known)


def _account(assertion: Assertion, attributes: Mapping[str, SamlAttribute], profile: Profile) -> str | None:
    """The key of the account, character by character as it was said: what merely looks alike is another account."""
    rules, name_id = profile.account, (assertion.name_id or "").strip(_XML_SPACE)
    parts = [next((key for name in rules.attributes if (key := _key(attributes.get(name)))), "")]
    if rules.with_name_id:
        parts.append(name_id)
    if not parts[0] and rules.persistent_name_id and assertion.name_id_format == names.PERSISTENT:
        parts = [name_id]
    if not all(parts):
        if rules.required:
            raise IdentityRefused("account_missing")
        return None
    account = " ".join(parts)
    if any(len(part.split()) != 1 for part in parts) or len(account) > ACCOUNT_MOST:
        raise IdentityRefused("account_unfit")
    return account


def _key(attribute: SamlAttribute | None) -> str:
    """The one text of an attribute; empty where there is none."""
    values = () if attribute is None else attribute.values
    texts = {value.strip(_XML_SPACE) for value in values if isinstance(value, str)} - {""}
    if len(texts) > 1:
        raise IdentityRefused("account_unfit")
    return next(iter(texts), "")


def _values(
    attributes: Mapping[str, SamlAttribute], sources: Sources, profile: Profile, level: Level, *, addresses: bool = True
) -> dict[str, Attested]:
    values: dict[str, Attested] = {}
    for ours, theirs in sources.items():
        for name, text in _texts(attributes, theirs):
            kept = _date(text) if ours in _DATES else text
            if kept:
                values[ours] = Attested(kept, _value_level(attributes[name], profile, level))
                break
    if addresses:
        for name in profile.addresses.names:
            if name in attributes:
                values |= _address(attributes[name], profile, level)
    return values


def _texts(attributes: Mapping[str, SamlAttribute], theirs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The attributes that hold something under one of the names (`A/B`: element B of A), and their first text."""
    for path in theirs:
        is_name = path in attributes  # a Name may hold slashes itself
        name, _, element = (path, "", "") if is_name else path.rpartition("/")
        if name in attributes and (text := _first(attributes[name], element)):
            yield name, text


def _address(attribute: SamlAttribute, profile: Profile, level: Level) -> dict[str, Attested]:
    rules = profile.addresses
    at = _value_level(attribute, profile, level)
    texts = {element: _first(attribute, element) for element in rules.parts}
    values = {rules.parts[element]: Attested(text, at) for element, text in texts.items() if text}
    street = " ".join(texts[element] for element in rules.street_address if texts.get(element))
    return {**values, "street_address": Attested(street, at)} if street else values


def _value_level(attribute: SamlAttribute, profile: Profile, level: Level) -> Level | None:
    if attribute.trust_level is not None:
        return profile.level.value_words.get(attribute.trust_level)
    return level if attribute.name in profile.level.attested_by_login else None


def _text(attributes: Mapping[str, SamlAttribute], name: str) -> str:
    return _first(attributes[name]) if name and name in attributes else ""


def _first(attribute: SamlAttribute, element: str = "") -> str:
    """The first text of an attribute, or of an element in its values; empty where there is none."""
    for value in attribute.values:
        text = value.get(element, "") if isinstance(value, Mapping) else "" if element else value
        if kept := _clean(text):
            return kept
    return ""


def _clean(text: str) -> str:
    """Composed (NFC), without what steers writing; white space at both ends is no part of a value."""
    if len(text) > VALUE_MOST:
        raise IdentityRefused("value_too_long")
    composed = unicodedata.normalize("NFC", text.translate(_BIDI))
    return "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in composed).strip()


def _date(text: str) -> str:
    """A date as YYYY-MM-DD, what is not known as 00; empty where it is none."""
    if german := _GERMAN_DATE.fullmatch(text):
        day, month, year = german.groups()
    elif iso := _ISO_DATE.fullmatch(text):
        year, month, day = (part if part and part.strip() else "00" for part in iso.groups())
    else:
        return ""
    return f"{year}-{month}-{day}" if month <= "12" and day <= "31" else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
