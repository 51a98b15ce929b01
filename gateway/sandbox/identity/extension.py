"""The extension of an AuthnRequest that BundID demands, read strictly.

Knows: the second version, its elements, their order. Never does: judge the rest of the request.
Standard: BundID interface 10.2 §9. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.sandbox.identity import names
from gateway.sandbox.identity.refusals import require

_AKDB: Final = f"{{{names.AKDB}}}"
_UI: Final = f"{{{names.CLASSIC_UI}}}"
_BMI_ID: Final = re.compile(r"BMI-[A-Z][0-9A-Za-z]{4,8}")
_LANGUAGES: Final = ("de", "en", "ru", "uk")
_DISPLAYED: Final = ("Purpose", "OrganizationDisplayName", "Lang", "BackURL", "OnlineServiceId")


@dataclass(frozen=True, slots=True)
class AkdbExtension:
    """What the extension says. `attributes` are OIDs, each with whether it is required."""

    methods: frozenset[str] = frozenset(names.METHODS)
    attributes: tuple[tuple[str, bool], ...] = ()
    status_detail: bool = False
    display_name: str = ""
    language: str = "de"
    back_url: str | None = None
    online_service_id: str = ""


def read(extensions: etree._Element | None) -> AkdbExtension:
    """The one extension below `Extensions`. Raises `RequestRefused`."""
    elements = [] if extensions is None else extensions.findall(f"{_AKDB}AuthenticationRequest")
    require(len(elements) == 1, "akdb-extension-missing")
    root = elements[0]
    v1 = root.get("Version") != "2" or root.find(f"{_AKDB}AllowedMethods") is not None
    require(not v1, "akdb-extension-v1-deprecated")
    require(set(root.keys()) <= {"Version", "EnableStatusDetail"}, "akdb-extension-invalid")
    known = [f"{_AKDB}{name}" for name in ("AuthnMethods", "RequestedAttributes", "DisplayInformation")]
    require(in_order(root, known), "akdb-extension-invalid")
    shown = root.find(f"{known[2]}/{_UI}Version")
    require(shown is not None, "organization-display-name-missing")
    assert shown is not None
    require(in_order(shown, [f"{_UI}{name}" for name in _DISPLAYED]), "akdb-extension-invalid")
    texts = {name: text for name in _DISPLAYED if (text := (shown.findtext(f"{_UI}{name}") or "").strip())}
    require("<" not in texts.get("Purpose", ""), "purpose-does-not-support-restricted-html")
    require("OrganizationDisplayName" in texts, "organization-display-name-missing")
    require("OnlineServiceId" in texts, "online-service-id-missing")
    require(bool(_BMI_ID.fullmatch(texts["OnlineServiceId"])), "online-service-id-invalid")
    language = texts.get("Lang", "de")
    attributes = _attributes(root.find(known[1]))
    hidden = names.WITHOUT_MAILBOX if names.ATTRIBUTES["legacyPostkorbHandle"] in dict(attributes) else frozenset()
    return AkdbExtension(
        methods=_methods(root.find(known[0])) - hidden,
        attributes=attributes,
        status_detail=root.get("EnableStatusDetail") == "true",
        display_name=texts["OrganizationDisplayName"],
        language=language if language in _LANGUAGES else "de",
        back_url=texts.get("BackURL"),
        online_service_id=texts["OnlineServiceId"],
    )


def in_order(element: etree._Element, tags: Sequence[str]) -> bool:
    """Whether the children are of these tags, each at most once and in this order."""
    places = [tags.index(str(child.tag)) if child.tag in tags else -1 for child in element.iterchildren(etree.Element)]
    return -1 not in places and places == sorted(set(places))


def _methods(element: etree._Element | None) -> frozenset[str]:
    if element is None:
        return frozenset(names.METHODS)
    allowed = set()
    for child in element.iterchildren(etree.Element):
        name = str(child.tag).removeprefix(_AKDB)
        require(name in names.METHODS, "authentication-method-unknown")
        enabled = (child.findtext(f"{_AKDB}Enabled") or "true").strip()
        require(enabled in {"true", "false"}, "akdb-extension-invalid")
        if enabled == "true":
            allowed.add(name)
    require(bool(allowed), "empty-authentication-methods")
    return frozenset(allowed)


def _attributes(element: etree._Element | None) -> tuple[tuple[str, bool], ...]:
    children = [] if element is None else list(element.iterchildren(etree.Element))
    require(bool(children), "requested-attributes-empty")
    asked = []
    for child in children:
        require(child.tag == f"{_AKDB}RequestedAttribute", "akdb-extension-invalid")
        require(set(child.keys()) <= {"Name", "RequiredAttribute"}, "akdb-extension-invalid")
        name, required = child.get("Name", ""), child.get("RequiredAttribute", "false")
        require(bool(name), "requested-attributes-missing-name")
        require(required in {"true", "false"}, "akdb-extension-invalid")
        withdrawn = name == names.BPK and required == "false"
        require(name in names.FRIENDLY or withdrawn, "requested-attributes-unknown")
        asked.append((name, required == "true"))
    require(len({name for name, _ in asked}) == len(asked), "akdb-extension-invalid")
    return tuple(asked)
