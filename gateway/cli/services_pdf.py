"""`gateway services try … --pdf FILE`: the readable application of a tried record, as the authority would get it.

Knows: what a tried record lacks of a submission. Never does: store or send anything. Standard: interfaces §1.
Start reading: `write_readable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.console import unwritable

if TYPE_CHECKING:
    from gateway.services.service import Service
    from gateway.xoev.message.around import Around


def write_readable(  # noqa: PLR0913 - what stands on the pages, and where they go
    service: Service, record: Mapping[str, Any], around: Around, reference: str | None, file: Path, *, language: str
) -> None:
    """Write the PDF of a record that became a document, with the files that the document was made with.

    Args:
        service: with the rules of the municipality.
        record: the record.
        around: what the message of this trial is told; the application has its name there, no case is known yet.
        reference: the portal's, where known.
        file: where the PDF goes.
        language: `de` or `en`.

    Raises:
        InvalidParameter: where the file cannot be written.
    """
    from gateway.xoev.readable.application import Names  # noqa: PLC0415 - commands import what they need

    pdf = service.readable(
        record,
        municipality_name=around.municipality,
        received_at=around.created_at,
        attachments=around.attachments,
        language=language,
        names=Names(submission=str(around.case_id), reference=reference),
    )
    try:
        file.write_bytes(pdf)
    except OSError as error:
        raise unwritable(f"--pdf {file}", error) from None
