"""What the facts of an entry have to keep: characters, HTML, addresses, levels, times.

Knows: each rule that one entry can break by itself. Never does: I/O; compare entries (`registry` does).
Standard: DIN 91379 (String.Latin), PVOG FAQ (languages, HTML), OZG maturity models. Start reading: `judged`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from gateway.catalogue import html_texts
from gateway.catalogue.entry import DeliveredBy, Entry, FurtherLink, LifeCycle, Maturity, TextModule, Unit
from gateway.catalogue.sentences import finding
from gateway.model import Finding, Severity
from gateway.xoev.latin.datatypes import MEANING, Datatype, offence
from gateway.xoev.latin.normaliser import suggestion

MOST_TEXT_BYTES: Final = 100_000
LEVELS: Final = {"1.1": 4, "2.0": 7}
"""The highest level of each maturity model."""
LANGUAGES: Final = ("de", "en")
_MARKUP: Final = re.compile(r"<[A-Za-z/!?]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
Refusal = Callable[[str], str | None]
"""The rule that an address breaks, or None."""


@dataclass(frozen=True, slots=True)
class EntryClaim:
    """An entry as files say it. `facts` has the keys of an entry file; `origins` says where each stands.

    `place` is where a key that is missing belongs.
    """

    municipality: str
    service: str
    delivered_by: DeliveredBy
    facts: Mapping[str, Any]
    place: str
    origins: Mapping[str, str] = field(default_factory=dict)
    destination_id: str | None = None

    def at(self, key: str) -> str:
        """The pointer of a key."""
        return self.origins.get(key, f"{self.place}/{key}")


def judged(claim: EntryClaim, unit: Unit | None, refusal: Refusal) -> tuple[Entry | None, tuple[Finding, ...]]:
    """The entry, or None, and everything that is wrong with it or may surprise.

    Args:
        claim: of a sound shape.
        unit: the responsible unit, already judged; None where none is named.
        refusal: judges addresses.
    """
    rules = _Rules(claim, refusal)
    entry = rules.entry(unit)
    return (None if any(fault.severity is Severity.ERROR for fault in rules.findings) else entry), tuple(rules.findings)


def text_faults(pointer: str, text: str, datatype: Datatype) -> Iterator[Finding]:
    """What is wrong with a text without HTML."""
    yield from _plain_faults(pointer, text, datatype, text)
    if _MARKUP.search(text[:MOST_TEXT_BYTES]):
        yield finding(pointer, "entry_markup")


def _plain_faults(pointer: str, written: str, datatype: Datatype, text: str) -> Iterator[Finding]:
    if len(written.encode("utf-8", "surrogatepass")) > MOST_TEXT_BYTES:
        yield finding(pointer, "entry_text_too_long", MOST_TEXT_BYTES)
    elif not text.strip():
        yield finding(pointer, "entry_blank")
    elif (position := offence(text, datatype)) is not None:
        point, (de, en) = f"U+{ord(text[position]):04X}", MEANING[datatype]
        yield finding(pointer, "entry_characters", position + 1, point, (de, en), suggestion(text[position], datatype))


class _Rules:
    """One claim being judged; goes on after a fault."""

    def __init__(self, claim: EntryClaim, refusal: Refusal) -> None:
        self.claim, self.facts, self.refusal = claim, claim.facts, refusal
        self.findings: list[Finding] = []

    def entry(self, unit: Unit | None) -> Entry:
        """The entry as far as it goes; it counts only where no finding is an error."""
        claim, facts = self.claim, self.facts
        for key in ("title", "leika_key"):
            if key not in facts:
                self.fault(f"{claim.place}/{key}", "entry_missing", key)
        valid_from, valid_until = self.day("valid_from"), self.day("valid_until")
        if valid_from and valid_until and valid_until <= valid_from:
            self.fault(claim.at("valid_until"), "entry_validity")
        entry = Entry(
            municipality=claim.municipality,
            service=claim.service,
            delivered_by=claim.delivered_by,
            leika_key=None if facts.get("leika_key", "none") == "none" else facts["leika_key"],
            titles=self.texts("title", Datatype.OTHER_NAME),
            url=self.address("url", facts.get("url")),
            life_cycle=LifeCycle(facts.get("life_cycle", "published")),
            summaries=self.texts("summary", Datatype.NORMATIVE),
            modules=tuple(self.modules()),
            languages=self.languages(),
            assurance=facts.get("assurance", "none"),
            means=tuple(facts.get("means", ())),
            payment=tuple(facts.get("payment", ())),
            fees=self.texts("fee", Datatype.NORMATIVE),
            deadlines=self.texts("deadline", Datatype.NORMATIVE),
            maturities=tuple(self.maturities()),
            unit=unit,
            valid_from=valid_from,
            valid_until=valid_until,
            destination_id=claim.destination_id,
            example=facts.get("example", False),
        )
        self.surprises(entry)
        return entry

    def surprises(self, entry: Entry) -> None:
        """What an entry may lack and few mean to leave out."""
        if entry.life_cycle in {LifeCycle.DRAFT, LifeCycle.WITHDRAWN}:
            return
        if "url" not in self.facts:
            self.fault(self.claim.at("url"), "entry_without_url", severity=Severity.WARNING)
        if entry.unit is None:
            self.fault(self.claim.at("unit"), "entry_without_unit", severity=Severity.WARNING)
        if entry.leika_key is None:
            self.fault(self.claim.at("leika_key"), "no_leika", severity=Severity.INFO)

    def texts(self, key: str, datatype: Datatype) -> Mapping[str, str]:
        """A text without HTML by language."""
        texts: Mapping[str, str] = self.facts.get(key, {})
        for language, text in texts.items():
            self.findings += text_faults(f"{self.claim.at(key)}/{language}", text, datatype)
        return dict(texts)

    def languages(self) -> tuple[str, ...]:
        languages: Sequence[str] = self.facts.get("languages", ("de",))
        if set(languages) - set(LANGUAGES):
            self.fault(self.claim.at("languages"), "entry_language")
        return tuple(languages)

    def modules(self) -> Iterator[TextModule]:
        seen: set[str] = set()
        for number, module in enumerate(self.facts.get("modules", ())):
            pointer = f"{self.claim.at('modules')}/{number}"
            if module["module"] in seen:
                self.fault(f"{pointer}/module", "entry_module_twice")
            seen.add(module["module"])
            texts = {
                language: self.html(f"{pointer}/text/{language}", text) for language, text in module["text"].items()
            }
            yield TextModule(module["module"], texts, tuple(self.links(pointer, module.get("links", ()))))

    def links(self, pointer: str, links: Sequence[Mapping[str, Any]]) -> Iterator[FurtherLink]:
        for number, link in enumerate(links):
            at = f"{pointer}/links/{number}"
            if rule := self.refusal(link["uri"]):
                self.fault(f"{at}/uri", rule)
            for language, title in link["title"].items():
                self.findings += text_faults(f"{at}/title/{language}", title, Datatype.OTHER_NAME)
            yield FurtherLink(link["uri"], dict(link["title"]))

    def html(self, pointer: str, text: str) -> str:
        """The text as it is kept: as the HTML reader writes it."""
        if len(text.encode("utf-8", "surrogatepass")) > MOST_TEXT_BYTES:
            self.fault(pointer, "entry_text_too_long", MOST_TEXT_BYTES)
            return text
        cleaned, refused = html_texts.judge(text, self.refusal)
        for rule, params in refused:
            self.fault(pointer, rule, *params)
        if not refused:
            self.findings += _plain_faults(pointer, text, Datatype.NORMATIVE, html_texts.words(text))
        return cleaned

    def address(self, key: str, address: str | None) -> str | None:
        if address is not None and (rule := self.refusal(address)):
            self.fault(self.claim.at(key), rule)
        return address

    def maturities(self) -> Iterator[Maturity]:
        seen: set[str] = set()
        listed = self.facts.get("maturity", ())
        for number, maturity in enumerate(listed):
            pointer, model = self.claim.at("maturity") + (f"/{number}" if len(listed) > 1 else ""), maturity["model"]
            if model in seen:
                self.fault(f"{pointer}/model", "entry_model_twice")
            seen.add(model)
            if not 0 <= maturity["level"] <= LEVELS[model]:
                self.fault(f"{pointer}/level", "entry_level", model, LEVELS[model])
            criteria = maturity.get("criteria", {})
            for name, text in criteria.items():
                for written in (name, text):
                    self.findings += text_faults(f"{pointer}/criteria", written, Datatype.NORMATIVE)
            evidence = maturity.get("evidence")
            if evidence is not None and _SCHEME.match(evidence):
                if rule := self.refusal(evidence):
                    self.fault(f"{pointer}/evidence", rule)
            elif evidence is not None:
                self.findings += text_faults(f"{pointer}/evidence", evidence, Datatype.NORMATIVE)
            yield Maturity(
                model, maturity["level"], date.fromisoformat(maturity["assessed_on"]), dict(criteria), evidence
            )

    def day(self, key: str) -> date | None:
        written = self.facts.get(key)
        return date.fromisoformat(written) if written else None

    def fault(self, pointer: str, rule: str, *params: object, severity: Severity = Severity.ERROR) -> None:
        self.findings.append(finding(pointer, rule, *params, severity=severity))
