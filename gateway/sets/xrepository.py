"""The XRepository: where XÖV standards and code lists are published.

Knows: its addresses (`xrepository.toml`) and the shapes of its answers. Never does: follow a redirect, trust an
answer (`plan.py` judges the files), send more than a few requests at once. Standard: none; the API as public
clients use it. Start reading: `XRepository`.
"""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Final, TypeVar
from urllib.parse import quote

import httpx

from gateway.errors import CounterpartAway, CounterpartBusy, CounterpartGarbled, CounterpartRefused
from gateway.input import json_reader
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_transport import exchange
from gateway.xoev.xml import strict_xml

MAX_ARCHIVE_BYTES: Final = 64 << 20
MAX_METADATA_BYTES: Final = 4 << 20
WHOLE_S: Final = 300.0
_URN: Final = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9:._%-]{1,300}")
_PROBLEMS: Final = frozenset({"NUR PLATZHALTER GEFUNDEN", "NICHT SICHTBAR"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is published of a Kennung. `versions` are Kennungen of versions, `changed` is when it was last edited."""

    urn: str
    version: str
    changed: datetime | None
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses below `base`, with `{urn}` for the Kennung, and how many questions are asked at once."""

    base: str
    metadata: str
    current_version: str
    code_list: str
    schemas: str
    code_lists_in_use: str
    parallel: int


@cache
def addresses() -> Addresses:
    """The addresses of this release."""
    text = resources.files("gateway.sets").joinpath("xrepository.toml").read_text(encoding="utf-8")
    return Addresses(**tomllib.loads(text))


def is_urn(text: str) -> bool:
    """Whether a text is a Kennung that may be asked for."""
    return _URN.fullmatch(text) is not None


class XRepository:
    """Questions to one XRepository.

    Args:
        client: the way out; it sends each question once.
        base: another base address (a mirror); None for the publisher's own.
        whole_s: seconds that an answer may take in all.

    Every question raises `CounterpartAway`, `CounterpartBusy` (again later), `CounterpartRefused` (not there, or a
    redirect), `CounterpartGarbled` (no such answer, too large), `AddressRefused`.
    """

    def __init__(self, client: httpx.AsyncClient, base: str | None = None, whole_s: float = WHOLE_S) -> None:
        self._client = client
        self._addresses = addresses()
        self._base = f"{(base or self._addresses.base).rstrip('/')}/"
        self._whole_s = whole_s
        self._places = asyncio.Semaphore(self._addresses.parallel)

    async def metadata(self, urn: str) -> Metadata:
        """What is published of a standard, a code list or a version of either."""
        answer = await self._ask(self._addresses.metadata, urn, MAX_METADATA_BYTES, "application/json")
        return parse_metadata(answer)

    async def current_version(self, list_urn: str) -> str:
        """The Kennung of the version of a code list that counts now."""
        answer = await self._ask(self._addresses.current_version, list_urn, MAX_METADATA_BYTES, "application/xml")
        return parse_current_version(answer, list_urn)

    async def code_list(self, version_urn: str) -> bytes:
        """A version of a code list in genericode."""
        return (await self._ask(self._addresses.code_list, version_urn, MAX_ARCHIVE_BYTES, "application/xml")).body

    async def schemas(self, version_urn: str) -> bytes:
        """The XSD files of a version of a standard, a ZIP archive."""
        return (await self._ask(self._addresses.schemas, version_urn, MAX_ARCHIVE_BYTES, "application/zip")).body

    async def code_lists_in_use(self, version_urn: str) -> bytes:
        """All code lists that a version of a standard uses, a ZIP archive."""
        address = self._addresses.code_lists_in_use
        return (await self._ask(address, version_urn, MAX_ARCHIVE_BYTES, "application/zip")).body

    async def file(self, address: str) -> bytes:
        """Any file by its full address."""
        return (await self._get(address, MAX_ARCHIVE_BYTES, "*/*")).body

    async def current_versions(self, list_urns: Sequence[str]) -> dict[str, str]:
        """The current version of several lists; one without a known version is left out."""
        versions = await asyncio.gather(*(self._known(self.current_version(urn)) for urn in list_urns))
        return {urn: version for urn, version in zip(list_urns, versions, strict=True) if version is not None}

    async def _known(self, question: Awaitable[_T]) -> _T | None:
        try:
            return await question
        except (CounterpartRefused, CounterpartGarbled):
            return None

    async def _ask(self, address: str, urn: str, limit: int, media_type: str) -> Answer:
        return await self._get(self._base + address.replace("{urn}", quote(urn, safe=":")), limit, media_type)

    async def _get(self, url: str, limit: int, media_type: str) -> Answer:
        async with self._places:
            try:
                async with asyncio.timeout(self._whole_s):
                    headers = {"Accept": media_type}
                    answer = await exchange(
                        self._client, "GET", url, headers=headers, limit=limit, call="xrepository.question"
                    )
            except TimeoutError:
                raise CounterpartAway(host=url.split("/")[2]) from None
        return judged(answer)


def judged(answer: Answer) -> Answer:
    """The answer, if it is one with content. Raises as `XRepository` says."""
    if answer.status == 200:
        return answer
    if answer.status in {408, 429} or answer.status >= 500:
        raise CounterpartBusy(host=answer.host, http_status=answer.status)
    raise CounterpartRefused(host=answer.host, http_status=answer.status, problem=_problem(answer.body))


def parse_metadata(answer: Answer) -> Metadata:
    """Metadata in JSON. Raises `CounterpartGarbled` for anything else."""
    try:
        published = json_reader.decode(answer.body)
        versions = tuple(str(version) for version in published.get("alleVersionsKennungen") or ())
        edited = published.get("zeitpunktLetzteBearbeitung")  # with an offset such as +0100
        changed = datetime.fromisoformat(edited) if edited else None
        return Metadata(str(published["kennung"]), str(published.get("version") or ""), changed, versions)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CounterpartGarbled(host=answer.host) from None


def parse_current_version(answer: Answer, list_urn: str) -> str:
    """The `kennung` of a version of this list. Raises `CounterpartGarbled` for anything else."""
    root = strict_xml.parse(answer.body).root
    for element in root.iter("{*}kennung") if root is not None else ():
        urn = (element.text or "").strip()
        if is_urn(urn) and urn.startswith(f"{list_urn}_"):
            return urn
    raise CounterpartGarbled(host=answer.host)


def _problem(body: bytes) -> str:
    """The word of the XRepository for a refusal, if it is one of those known; nothing else of an answer is repeated."""
    try:
        word = json_reader.decode(body).get("fehler")
    except (ValueError, AttributeError):
        return ""
    return word if isinstance(word, str) and word in _PROBLEMS else ""
