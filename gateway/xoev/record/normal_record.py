"""A record before it is judged: NFC everywhere, typographic characters replaced where the mapping says so.

Knows: which texts of a record may be normalised. Never does: touch any other; change a record it was given.
Standard: Unicode Normalization Form C (UAX #15), DIN 91379:2022-08. Start reading: `Normaliser.normal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from gateway.model import Finding, Severity
from gateway.xoev.form.filling import FillingPlan, Labels
from gateway.xoev.latin.datatypes import nfc
from gateway.xoev.latin.normaliser import Replacement, normalised, shown
from gateway.xoev.mapping.model import Tokens, every, pointer
from gateway.xoev.record.sentences import finding

_SHOWN_PLACES = 5


class Normaliser:
    """Brings records of one service to the form in which they are judged and written.

    Args:
        root: the plan of the service; its entries say what may be normalised.
        labels: the label of each place, from `json_schema.build`.
    """

    def __init__(self, root: FillingPlan, labels: Mapping[Tokens, Labels]) -> None:
        datatypes = {path: entry.datatype for path, entry in root.entries() if entry.normalise}
        self._texts = [(path, datatype, labels[path]) for path, datatype in datatypes.items()]

    def normal(self, record: Mapping[str, object]) -> tuple[dict[str, object], list[Finding]]:
        """A record in NFC with its free texts normalised.

        Args:
            record: within the technical limits; it is not changed. Normalising twice gives the same.

        Returns:
            the record, and a finding of weight `info` for each kind of character replaced in a text: place, code
            point, what stands there now; never the text.
        """
        composed = cast("dict[str, object]", nfc(dict(record)))
        changes: dict[Tokens, str] = {}
        findings: list[Finding] = []
        for path, datatype, label in self._texts:
            for value, where in every(composed, path):
                text, replaced = normalised(value, datatype) if isinstance(value, str) else ("", ())
                if replaced:
                    changes[where] = text
                    findings += _findings(where, label, replaced)
        return (cast("dict[str, object]", _with(composed, changes)) if changes else composed), findings


def _with(value: object, changes: Mapping[Tokens, str], where: Tokens = ()) -> object:
    """The JSON with some texts replaced; parts without any of them are shared with the original."""
    if where in changes:
        return changes[where]
    if not any(changed[: len(where)] == where for changed in changes):
        return value
    if isinstance(value, dict):
        return {key: _with(inner, changes, (*where, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with(inner, changes, (*where, str(number))) for number, inner in enumerate(value)]
    return value


def _findings(where: Tokens, label: Labels, replaced: tuple[Replacement, ...]) -> Iterator[Finding]:
    for character in dict.fromkeys(replacement.character for replacement in replaced):
        same = [replacement for replacement in replaced if replacement.character == character]
        name_de, name_en = same[0].names
        to_de, to_en = shown(same[0].to)
        places = ", ".join(str(replacement.position + 1) for replacement in same[:_SHOWN_PLACES])
        more = len(same) - _SHOWN_PLACES
        yield finding(
            pointer(where),
            "normalised",
            label,
            severity=Severity.INFO,
            name_de=name_de,
            name_en=name_en,
            point=same[0].point,
            places_de=places + (f" und {more} weiteren" if more > 0 else ""),
            places_en=places + (f" and {more} more" if more > 0 else ""),
            change_de=f"durch {to_de} ersetzt" if same[0].to else "weggelassen",
            change_en=f"replaced by {to_en}" if same[0].to else "left out",
        )
