"""What a sound answer means for each entry: listed or not, and where claim and listing contradict.

Knows: the rules of each finding, how much may vanish from one answer to the next. Never does: I/O, clocks (now is
given). Standard: catalogue reference §6.2. Start reading: `judged`, then `routed`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback.datahub import OK
from gateway.catalogue.readback.rows import AnswerRefused, ListedRow, SourceListing, same_address
from gateway.catalogue.status import CatalogueFinding, FindingCode, Listing, Source
from gateway.fitconnect.channel.routing_client import JudgedRoute
from gateway.german_time import german_date
from gateway.model import instant

STALE_AFTER: Final = timedelta(hours=48)
SHRINK_SHARE: Final = 0.2
"""More than this share of what was listed does not vanish from one day to the next."""
_ABSENT: Final = frozenset({FindingCode.MISSING_IN_PVOG, FindingCode.INHERITED_ONLY})
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one source says now: listings by service, findings, and how many rows it has (of the whole Land: total).

    `comparable`: the services whose listing answers the same question as the one before; None: every one.
    """

    listings: Mapping[str, Listing]
    findings: tuple[CatalogueFinding, ...]
    rows: int
    total: int | None = None
    comparable: frozenset[str] | None = None

    @property
    def listed(self) -> int:
        """How many services are listed."""
        return sum(listing.listed for listing in self.listings.values())

    @property
    def unlisted(self) -> frozenset[str]:
        """The services that should be listed and are not."""
        services = (finding.service for finding in self.findings)
        return frozenset(service for service in services if service and not self.listings[service].listed)


def expected(entries: Iterable[Entry], now: datetime) -> tuple[Entry, ...]:
    """The entries that a source should list: in the catalogue today, and with a key to be found by."""
    today = german_date(now)
    return tuple(entry for entry in entries if entry.leika_key and entry.published_on(today))


def judged(municipality: str, entries: Sequence[Entry], listing: SourceListing, now: datetime) -> Judgement:
    """What PVOG or Data Hub say of each entry that has a key, and every contradiction with those in the catalogue."""
    awaited = expected(entries, now)
    own = _by_key(listing.own(municipality), awaited)
    inherited = _by_key(listing.inherited(municipality), ())
    best = {entry.service: _best(entry, own.get(entry.leika_key, ())) for entry in entries if entry.leika_key}
    listings = {
        service: Listing(listing.source, row is not None, now, row.url if row else None, row.place if row else None)
        for service, row in best.items()
    }
    findings: list[CatalogueFinding] = []
    for entry in awaited:
        row = best[entry.service]
        if row is None:
            findings.append(_absent(entry, listing.source, inherited.get(entry.leika_key, ()), now))
        else:
            findings += _contradictions(entry, listing.source, row, now)
    claimed = {row.place for entry in awaited if (row := best[entry.service])}
    findings += _orphans(municipality, listing, claimed, now)
    return Judgement(listings, tuple(findings), len(listing.own(municipality)), listing.total)


def asked_for_routes(entries: Iterable[Entry], now: datetime) -> tuple[Entry, ...]:
    """The entries whose applications go to a destination of FIT-Connect that routing should lead to."""
    return tuple(entry for entry in expected(entries, now) if entry.destination_id)


def routed(entries: Iterable[Entry], routes: Mapping[str, Sequence[JudgedRoute]], now: datetime) -> Judgement:
    """What routing says of each entry, by its key: whether it leads to the entry's destination, vouched for."""
    listings: dict[str, Listing] = {}
    findings: list[CatalogueFinding] = []
    for entry in entries:
        of_key = routes.get(entry.leika_key or "", ())
        destination = (entry.destination_id or "").lower()
        ours = [route for route in of_key if route.route.destination_id == destination]
        listed = any(route.proven for route in ours)
        listings[entry.service] = Listing(Source.ROUTING, listed, now, None, destination if ours else None)
        if not listed:
            findings.append(_unrouted(entry, of_key, ours, now))
    return Judgement(listings, tuple(findings), sum(listing.listed for listing in listings.values()))


def of_delivered(judgement: Judgement, delivered: Collection[str]) -> Judgement:
    """The same without findings of absence for services that no export has delivered: nobody can list them yet."""
    findings = (
        finding for finding in judgement.findings if finding.code not in _ABSENT or finding.service in delivered
    )
    return replace(judgement, findings=tuple(findings))


def held_against(before: Collection[str], after: Judgement, wanted: Iterable[Entry]) -> None:
    """Refuse an answer that lacks much of what was listed before and should be listed still.

    `before` are the services that the last sound answer listed. A single one may always vanish, unless it was the only
    one. Raises `AnswerRefused`.
    """
    still = {entry.service for entry in wanted} & set(before) & after.listings.keys()
    if after.comparable is not None:
        still &= after.comparable
    lost = [service for service in still if not after.listings[service].listed]
    if len(lost) > SHRINK_SHARE * len(still) and (len(lost) > 1 or len(lost) == len(still)):
        raise AnswerRefused("shrunk")


def _by_key(rows: Iterable[ListedRow], entries: Sequence[Entry]) -> Mapping[str | None, Sequence[ListedRow]]:
    """Rows by key; one whose key the source does not tell belongs to the entry that has its address."""
    by_key: dict[str | None, list[ListedRow]] = defaultdict(list)
    for row in rows:
        key = row.leika_key or next((entry.leika_key for entry in entries if _same(entry, row)), None)
        by_key[key].append(row)
    return by_key


def _best(entry: Entry, rows: Sequence[ListedRow]) -> ListedRow | None:
    """The row with the entry's address, else the first by place."""
    ordered = sorted(rows, key=lambda row: (not _same(entry, row), row.place, row.url or ""))
    return ordered[0] if ordered else None


def _same(entry: Entry, row: ListedRow) -> bool:
    return entry.url is not None and row.url is not None and same_address(entry.url, row.url)


def _absent(entry: Entry, source: Source, above: Sequence[ListedRow], now: datetime) -> CatalogueFinding:
    if not above:
        return _finding(entry, FindingCode.MISSING_IN_PVOG, source, now, expected=entry.url)
    nearest = max(above, key=lambda row: (len(row.ars.rstrip("0")), row.place))
    address = f"{nearest.ars} {nearest.url or ''}".strip()
    return _finding(
        entry, FindingCode.INHERITED_ONLY, source, now, place=nearest.place, expected=entry.url, found=address
    )


def _contradictions(entry: Entry, source: Source, row: ListedRow, now: datetime) -> Iterable[CatalogueFinding]:
    if entry.url is not None and not _same(entry, row):
        yield _finding(entry, FindingCode.URL_MISMATCH, source, now, place=row.place, expected=entry.url, found=row.url)
    if row.status is not None and row.status.lower() != OK:
        yield _finding(entry, FindingCode.STATUS_NICHT_OK, source, now, place=row.place, expected=OK, found=row.status)
    if row.as_of is not None and now - row.as_of > STALE_AFTER:
        yield _finding(entry, FindingCode.STALE, source, now, place=row.place, found=instant(row.as_of))


def _orphans(
    municipality: str, listing: SourceListing, claimed: Collection[str], now: datetime
) -> Iterable[CatalogueFinding]:
    seen = set(claimed)
    for row in sorted(listing.own(municipality), key=lambda row: (row.place, row.url or "")):
        if row.place not in seen:
            seen.add(row.place)
            yield CatalogueFinding(
                municipality,
                None,
                FindingCode.ORPHAN,
                listing.source,
                now,
                place=row.place,
                found=row.url,
                leika_key=row.leika_key,
            )


def _unrouted(
    entry: Entry, of_key: Sequence[JudgedRoute], ours: Sequence[JudgedRoute], now: datetime
) -> CatalogueFinding:
    destination = entry.destination_id or ""
    if not ours:
        others = ", ".join(sorted(route.route.destination_id for route in of_key)[:_NAMED]) or None
        return _finding(entry, FindingCode.DESTINATION_MISSING, Source.ROUTING, now, expected=destination, found=others)
    broken = [route.broken or "" for route in ours]
    cut = "truncated" in broken
    code = FindingCode.SIGNATURE_TRUNCATED if cut else FindingCode.DESTINATION_MISSING
    found_text = f"{len(ours[broken.index('truncated')].route.signature)} characters" if cut else broken[0]
    return _finding(
        entry, code, Source.ROUTING, now, place=destination, expected=destination, found=f"signature: {found_text}"
    )


def _finding(  # noqa: PLR0913 - the members of a finding
    entry: Entry,
    code: FindingCode,
    source: Source,
    now: datetime,
    *,
    place: str = "",
    expected: str | None = None,
    found: str | None = None,
) -> CatalogueFinding:
    return CatalogueFinding(
        entry.municipality,
        entry.service,
        code,
        source,
        now,
        place=place,
        expected=expected,
        found=found,
        leika_key=entry.leika_key,
    )
