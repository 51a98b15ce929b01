"""Whether a municipality can speak the standard it asks for: schema set, parameters, and a rehearsal with the example.

Knows: a service with overrides applied. Never does: accept a standard that would fail at the first application.
Standard: see `gateway/xoev/message`. Start reading: `speaks`.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from gateway.model import Attachment, Finding
from gateway.services.service import Service
from gateway.xoev.message.around import rehearsal


def speaks(service: Service, ars: str) -> list[Finding]:
    """Everything that stands against the message that a municipality asks for; nothing where it speaks XFall.

    Args:
        service: with the municipality among its variants.
        ars: the municipality.

    Returns:
        findings with pointers `/standard` and `/message/<parameter>` into its table of parameters.
    """
    ruled = service.rules_for(ars)
    offered = service.compiled.messages.get(ruled.standard)
    if offered is None:
        return []
    if offered.template is None:
        return [_absent(one, ruled.standard) for one in offered.absent]
    faults = [_parameter(name, limit) for name, limit in offered.template.unfit(ruled.setting)]
    if faults:
        return faults
    files = [_file(number, rule.kind, rule.media_types[0]) for number, rule in enumerate(ruled.attachments)]
    _, found = ruled.document(service.compiled.examples["ordinary"], rehearsal(ars, files))
    return [replace(one, pointer=f"/standard (examples/ordinary.json#{one.pointer})") for one in found]


def _file(number: int, kind: str, media_type: str) -> Attachment:
    return Attachment(kind, f"{number}.pdf", media_type, 1, "0" * 64, upload=UUID(int=number))


def _absent(why: Finding, standard: str) -> Finding:
    return Finding(
        "/standard",
        "schema_absent",
        f"Für {standard} fehlt das Schema ({why.pointer}): {why.de}",
        f"The schema for {standard} is missing ({why.pointer}): {why.en}",
    )


def _parameter(name: str, limit: str) -> Finding:
    if not limit:
        return Finding(
            f"/message/{name}",
            "parameter_missing",
            "Diese Angabe braucht die Nachricht; bitte setzen.",
            "The message needs this value; set it.",
        )
    return Finding(f"/message/{name}", "parameter_value", f"Erwartet wird {limit}.", f"Expected is {limit}.")
