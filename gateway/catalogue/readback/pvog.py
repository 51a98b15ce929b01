"""Answers of the PVOG Suchdienst: online services with the descriptions that they belong to, descriptions with keys.

Knows: which members count, that whatever else stands there is not our business. Never does: I/O, clocks.
Standard: PVOG Suchdienst v1beta2 (online services), v3 (service descriptions). Start reading: `online_services`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.catalogue.readback.interfaces import PvogInterface
from gateway.catalogue.readback.rows import AnswerRefused, ListedRow, full
from gateway.input import json_reader

_KEY: Final = re.compile(r"99[0-9]{12}", re.ASCII)
_REGION: Final = re.compile(r"[0-9]{2,12}", re.ASCII)
_TEXT_LIMIT: Final = 2000
MOST_ROWS: Final = 100_000
"""An answer of a few megabytes can spell billions: each address with each key in each region."""


@dataclass(frozen=True, slots=True)
class DescriptionRef:
    """A description that an online service belongs to; `keys` where the answer names them."""

    id: str | None
    regions: tuple[str, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnlineService:
    """An Onlinedienst: its id, its addresses and where it belongs."""

    id: str
    addresses: tuple[str, ...]
    descriptions: tuple[DescriptionRef, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """A Leistungsbeschreibung: its id, its keys and the addresses that it points at."""

    id: str
    keys: tuple[str, ...]
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnlineServicePage:
    """A page of online services; `token` asks for the next one."""

    services: tuple[OnlineService, ...]
    token: str | None


@dataclass(frozen=True, slots=True)
class DescriptionPage:
    """A page of descriptions; `last`: none comes after it, as far as the answer tells."""

    descriptions: tuple[Description, ...]
    last: bool


def online_services(raw: bytes, interface: PvogInterface) -> OnlineServicePage:
    """A page of `/onlineservices`. Raises `AnswerRefused`, and nothing else, whatever the bytes."""
    body = _object(raw, interface.most_bytes)
    listed = _objects(body.get("onlineservices"))
    _bounded(body.get("totalHits"), interface.most_rows)
    _bounded(len(listed), interface.most_rows)
    token = body.get("nextPageToken")
    if token is not None and not isinstance(token, str | int):
        raise AnswerRefused("form")
    return OnlineServicePage(tuple(map(_service, listed)), str(token) if token not in {None, ""} else None)


def descriptions(raw: bytes, interface: PvogInterface) -> DescriptionPage:
    """A page of `/servicedescriptions/leikaid`. Raises `AnswerRefused`, and nothing else, whatever the bytes."""
    body = _object(raw, interface.most_bytes)
    listed = _objects(body.get("content"))
    for member in ("totalElements", "numberOfElements"):
        _bounded(body.get(member), interface.most_rows)
    _bounded(len(listed), interface.most_rows)
    described = tuple(
        Description(_text(item, "id"), _keys(item), _addresses(item.get("onlineServiceLinks"))) for item in listed
    )
    last = body.get("last")
    return DescriptionPage(described, last if isinstance(last, bool) else len(listed) < interface.page_size)


def rows(
    services: Iterable[OnlineService],
    known: Iterable[Description],
    *,
    regions: Collection[str] | None = None,
    most: int = MOST_ROWS,
) -> tuple[ListedRow, ...]:
    """Online services as rows, one for each key, region and address; a key that nobody names is None.

    The key is the description's, which is found by its id or else by the address that both point at. `regions` are
    those that are asked about; None: all. Raises `AnswerRefused` where there are more than `most`.
    """
    described: dict[str, tuple[str, ...]] = {}
    pointed: dict[str, list[str]] = {}
    for description in known:
        described[description.id] = description.keys
        for address in description.addresses:
            pointed.setdefault(address, []).extend(description.keys)
    candidates = (
        ListedRow(key, region, address, service.id)
        for service in services
        for ref in service.descriptions
        if (where := [region for region in ref.regions if regions is None or region in regions])
        for address in service.addresses or (None,)
        for key in ref.keys or described.get(ref.id or "") or pointed.get(address or "") or (None,)
        for region in where
    )
    unique: dict[ListedRow, None] = {}
    for number, row in enumerate(candidates, start=1):
        if number > most:
            raise AnswerRefused("rows")
        unique[row] = None
    return tuple(unique)


def _service(value: Mapping[str, Any]) -> OnlineService:
    refs = tuple(
        DescriptionRef(ref if isinstance(ref := item.get("id"), str) else None, _regions(item.get("ars")), _keys(item))
        for item in _objects(value.get("serviceDescriptions") or [])
    )
    return OnlineService(_text(value, "id"), _addresses(value.get("links")), refs)


def _object(raw: bytes, most: int) -> Mapping[str, Any]:
    try:
        body = json_reader.decode(raw, most=most, unique=True)
    except ValueError:
        raise AnswerRefused("form") from None
    if not isinstance(body, dict):
        raise AnswerRefused("form")
    return body


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise AnswerRefused("form")
    return value


def _bounded(number: object, most: int) -> None:
    if isinstance(number, int) and number > most:
        raise AnswerRefused("rows")


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= _TEXT_LIMIT:
        raise AnswerRefused("form")
    return text


def _keys(value: Mapping[str, Any]) -> tuple[str, ...]:
    listed = value.get("leikakeys", value.get("leikaKeys"))
    return tuple(key for key in _texts(listed) if _KEY.fullmatch(key))


def _regions(value: object) -> tuple[str, ...]:
    return tuple(full(region) for region in _texts(value) if _REGION.fullmatch(region))


def _addresses(value: object) -> tuple[str, ...]:
    """The addresses of links; one that is no text, or longer than any address, is left out."""
    links = [link for link in value if isinstance(link, dict)] if isinstance(value, list) else []
    uris = (link.get("uri") for link in links)
    return tuple(dict.fromkeys(uri for uri in uris if isinstance(uri, str) and 0 < len(uri) <= _TEXT_LIMIT))


def _texts(value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(item for item in listed if isinstance(item, str))
