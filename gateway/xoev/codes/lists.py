"""Code lists by identity, version and day: is this a code of that list?

Knows: versions side by side, which one counts on a day, expired codes. Never does: I/O; read a file
(`fim/genericode.py`), fetch a list. Standard: XÖV Codelisten-Handbuch 1.2. Start reading: `CodeLists.verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model import Finding, Severity
from gateway.xoev.fim.genericode import CodeTable, age


class CodeVerdict(StrEnum):
    """What a look-up says about a code; all but `known` are names of rules."""

    KNOWN = "known"
    UNKNOWN = "code_unknown"
    EXPIRED = "code_expired"
    NO_LIST = "code_list_unknown"
    NO_VERSION = "code_version_unknown"
    NOT_YET = "code_version_early"


@dataclass(frozen=True, slots=True)
class ListVersion:
    """One version of a list: `valid_until` is the day before the next version at hand begins, None for the newest.

    `codes` are all codes with the last day of those that have one.
    """

    uri: str
    version: str
    valid_from: date | None
    valid_until: date | None
    codes: Mapping[str, date | None] = field(repr=False)
    table: CodeTable = field(repr=False)

    def covers(self, day: date) -> bool:
        """Whether the version counts on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a list says until when a code may be used: a column and its way to write a day (as `strptime`)."""

    column: str
    form: str


class CodeLists:
    """Code lists at hand. Safe from several threads.

    Args:
        tables: the versions, in any order; of two with one identity the first counts.
        endings: list URI -> where the rows of that list say until when they count.
    """

    def __init__(self, tables: Iterable[CodeTable] = (), endings: Mapping[str, Ending] | None = None) -> None:
        by_uri: dict[str, dict[str, CodeTable]] = {}
        for table in tables:
            uri, version = identity(table)
            by_uri.setdefault(uri, {}).setdefault(version, table)
        self._versions = {uri: _chain(uri, versions, (endings or {}).get(uri)) for uri, versions in by_uri.items()}

    def __iter__(self) -> Iterator[ListVersion]:
        return (version for uri in sorted(self._versions) for version in self._versions[uri].values())

    def versions(self, list_uri: str) -> tuple[ListVersion, ...]:
        """Every version of a list at hand, the oldest first."""
        return tuple(self._versions.get(list_uri, {}).values())

    def find(self, list_uri: str, version: str) -> ListVersion | None:
        """A version of a list."""
        return self._versions.get(list_uri, {}).get(version)

    def valid_on(self, list_uri: str, day: date) -> ListVersion | None:
        """The version that counts on a day; of those that say no day, the newest."""
        return next((version for version in reversed(self.versions(list_uri)) if version.covers(day)), None)

    def verdict(self, list_uri: str, version: str, code: str, on_date: date) -> CodeVerdict:
        """Whether `code` is one of a version of a list that may be used on a day.

        An empty `version` asks for the one that counts on that day. A version that a later one has replaced still
        answers: a standard may fix it (code types 1 and 2), and `superseded` tells operators.
        """
        if list_uri not in self._versions:
            return CodeVerdict.NO_LIST
        listed = self.find(list_uri, version) if version else self.valid_on(list_uri, on_date)
        if listed is None:
            return CodeVerdict.NO_VERSION
        if listed.valid_from is not None and on_date < listed.valid_from:
            return CodeVerdict.NOT_YET
        if code not in listed.codes:
            return CodeVerdict.UNKNOWN
        last = listed.codes[code]
        return CodeVerdict.EXPIRED if last is not None and last < on_date else CodeVerdict.KNOWN

    def notices(self, today: date, ahead: timedelta = timedelta(days=30)) -> tuple[Finding, ...]:
        """What operators should know: versions that a later one replaces, today or within `ahead`."""
        return tuple(
            _notice(version, today)
            for versions in self._versions.values()
            for version in versions.values()
            if version.valid_until is not None and version.valid_until < today + ahead
        )


def identity(table: CodeTable) -> tuple[str, str]:
    """List URI and version, also of a list that names only its version URI (`<uri>_<version>`)."""
    if table.uri:
        return table.uri, table.version or table.version_uri.removeprefix(f"{table.uri}_")
    uri, _, version = table.version_uri.rpartition("_")
    return (uri, version) if uri else (table.version_uri, table.version)


def _chain(uri: str, tables: Mapping[str, CodeTable], ending: Ending | None) -> dict[str, ListVersion]:
    ordered = sorted(tables.items(), key=lambda item: age(item[1]))
    chain: dict[str, ListVersion] = {}
    for no, (version, table) in enumerate(ordered):
        later = (newer.valid_from for _, newer in ordered[no + 1 :] if newer.valid_from is not None)
        begins = next((day for day in later if day != table.valid_from), None)
        until = begins - timedelta(days=1) if begins else None
        chain[version] = ListVersion(uri, version, table.valid_from, until, _codes(table, ending), table)
    return chain


def _codes(table: CodeTable, ending: Ending | None) -> dict[str, date | None]:
    column = table.columns.index(ending.column) if ending and ending.column in table.columns else None
    return {
        row[table.code_column]: _day(row[column], ending.form) if ending and column is not None else None
        for row in table.rows
        if row[table.code_column]
    }


def _day(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _notice(version: ListVersion, today: date) -> Finding:
    until = version.valid_until.isoformat() if version.valid_until else ""
    over = version.valid_until is not None and version.valid_until < today
    return Finding(
        f"{version.uri}_{version.version}",
        "code_list_superseded" if over else "code_list_expires",
        f"Diese Version {'galt' if over else 'gilt'} bis {until}; danach folgt eine neuere.",
        f"This version {'counted' if over else 'counts'} until {until}; a newer one follows.",
        Severity.WARNING if over else Severity.INFO,
    )
