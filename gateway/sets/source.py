"""Where files come from: a folder, a file, a ZIP archive, an address, or a Kennung in the XRepository.

Knows: what each of them means. Never does: write, judge the files. Start reading: `gather`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gateway.errors import SetRefused
from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.sets.archive import DEFAULT_LIMITS, is_archive, read_archive
from gateway.sets.folder import MAX_FILE_BYTES, files_below
from gateway.sets.xrepository import XRepository, is_urn


def is_remote(source: str) -> bool:
    """Whether a source is reached over the network: an address or a Kennung."""
    return source.startswith(("https://", "http://", "urn:"))


def gather_local(path: Path) -> dict[str, bytes]:
    """The files of a folder, a ZIP archive or a single file. Raises `SetRefused`."""
    if path.is_dir():
        return files_below(path)
    try:
        size = path.stat().st_size if path.is_file() else -1
        with regular_file.opened(path) as stream:
            start = stream.read(4)
            limit = DEFAULT_LIMITS.archive if is_archive(start) else MAX_FILE_BYTES
            if 0 <= size <= limit:
                return unpacked(path.name, start + stream.read(limit))
    except OSError:
        raise SetRefused(findings=(_fault(path.name, "source_missing"),)) from None
    raise SetRefused(findings=(_fault(path.name, "source_large" if size >= 0 else "source_missing"),))


async def gather_remote(source: str, xrepository: XRepository, *, code_lists: bool, insecure: bool) -> dict[str, bytes]:
    """The files behind an address or a Kennung.

    Args:
        source: `https://…`, or `urn:…` of a code list (then its current version), of a version of a code list, or of a
            version of a standard.
        xrepository: the one to ask.
        code_lists: with a standard, take the code lists that it uses as well.
        insecure: allow `http://` (test mode).

    Raises `SetRefused`, and what `XRepository` raises.
    """
    if not source.startswith("urn:"):
        if source.startswith("http://") and not insecure:
            raise SetRefused(findings=(_fault("/", "source_insecure"),))
        name = unquote(urlsplit(source).path).rstrip("/").rpartition("/")[2] or "file"
        return unpacked(name, await xrepository.file(source))
    if not is_urn(source):
        raise SetRefused(findings=(_fault("/", "source_urn"),))
    if ":standard:" in source:
        return await _standard(source, xrepository, code_lists=code_lists)
    version = source if "_" in source.rpartition(":")[2] else await xrepository.current_version(source)
    return unpacked(f"{version}.xml", await xrepository.code_list(version))


async def _standard(urn: str, xrepository: XRepository, *, code_lists: bool) -> dict[str, bytes]:
    if "_" not in urn.rpartition(":")[2]:
        known = (await xrepository.metadata(urn)).versions
        raise SetRefused(findings=(_fault("/", "source_version", ", ".join(known[-10:])),))
    files = unpacked(f"{urn}.zip", await xrepository.schemas(urn))
    if code_lists:
        files |= {
            f"codelists/{name}": content
            for name, content in unpacked("", await xrepository.code_lists_in_use(urn)).items()
        }
    return files


def unpacked(name: str, content: bytes) -> dict[str, bytes]:
    """What an archive holds, or the file itself under a plain name. Raises `SetRefused`."""
    if is_archive(content):
        return read_archive(content)
    plain = "".join(sign if sign.isalnum() or sign in "._-" else "." for sign in name).strip(".") or "file"
    if not plain.lower().endswith((".xml", ".xsd", ".sch", ".json", ".gc")) and content.lstrip()[:1] == b"<":
        plain += ".xsd" if b"http://www.w3.org/2001/XMLSchema" in content[:2000] else ".xml"
    return {plain: content}


_SENTENCES: Final = {
    "source_missing": (
        "Diese Datei oder diesen Ordner gibt es nicht, oder sie ist nicht lesbar.",
        "There is no such file or folder, or it cannot be read.",
    ),
    "source_large": (
        f"Zu groß: ein Archiv darf {DEFAULT_LIMITS.archive >> 20} MiB haben, eine Datei {MAX_FILE_BYTES >> 20} MiB.",
        f"Too large: an archive may have {DEFAULT_LIMITS.archive >> 20} MiB, a file {MAX_FILE_BYTES >> 20} MiB.",
    ),
    "source_insecure": (
        "Im Produktivbetrieb wird nur über https geladen; bitte die https-Adresse oder eine lokale Datei angeben.",
        "Production loads by https only; give the https address or a local file.",
    ),
    "source_urn": (
        "Das ist keine Kennung (urn:…) eines Standards oder einer Codeliste.",
        "This is no Kennung (urn:…) of a standard or a code list.",
    ),
    "source_version": (
        "Zu einem Standard gehört die Version (…_1.0); bekannt sind: {0}",
        "A standard needs its version (…_1.0); known are: {0}",
    ),
}


_fault: Final = Sentences(_SENTENCES).finding
