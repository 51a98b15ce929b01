"""The document schema of a service: generated from its form, or the published XSD of an installed schema set.

Knows: `[document] schema_set`. Never does: take a set that is not installed, does not compile or does not fit the form.
Standard: XFall by FIM schema; what a published XSD says wins. Start reading: `document_schema`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.services.definition import DocumentSchema
from gateway.sets.compiling import refusal
from gateway.sets.library import Library
from gateway.xoev.fim import FormSchema
from gateway.xoev.form.published import Published, read_published
from gateway.xoev.form.published_limits import missing
from gateway.xoev.mapping.model import Mapping
from gateway.xoev.message.reading import URI
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall import schema as xfall

_PLACE: Final = "service.toml#/document/schema_set"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The schema and the form as it has it; `published` where a schema set was named."""

    schema: compiled_xsd.Schema
    form: FormSchema
    published: Published | None = None

    def differences(self, mapping: Mapping | None) -> list[Finding]:
        """Where a published XSD differs from the form, with pointers `form.xml#/G…/F…`; errors stop the service."""
        if self.published is None:
            return []
        mapped = frozenset(mapping.fields) if mapping else frozenset[str]()
        differences = [*missing(self.published.absent, mapped), *self.published.differences]
        return [replace(difference, pointer=f"form.xml#{difference.pointer}") for difference in differences]


def document_schema(
    form: FormSchema, named: DocumentSchema | None, installed: Callable[[], Library]
) -> tuple[Chosen | None, tuple[Finding, ...]]:
    """The schema that decides about the documents of a form.

    Args:
        form: the form schema, read without faults.
        named: what `service.toml` says; None for an XSD made from the form.
        installed: gives the installed schema sets; asked only where one is named.

    Returns:
        the schema and no findings, or None and every fault with a pointer `<file>#<path>`.
    """
    if named is None:
        schema, faults = compiled_xsd.load(xfall.to_xsd(form))
        placed = tuple(replace(fault, pointer=f"form.xml#{fault.pointer}") for fault in faults)
        return (None if schema is None else Chosen(schema, form)), placed
    library = installed()
    identity = library.find(named.schema_set)
    if identity is None:
        names = ", ".join(candidate.name for candidate in library.identities() if candidate.kind == "schema") or "-"
        return None, (_fault("document_set", named.schema_set, names),)
    compiled, faults = library.schema(identity.urn, identity.version)
    if compiled is None:
        causes = refusal(identity, faults)[1:]
        rule = "document_set_faulty"
        return None, tuple(_fault(rule, identity.name, cause.pointer, cause.de, cause.en) for cause in causes)
    published, unfound = read_published(compiled, form, named.root)
    if published is None:
        pointer = "service.toml#/document/root" if named.root else _PLACE
        return None, tuple(replace(fault, pointer=pointer) for fault in unfound)
    unfit = [uri for uri in published.schema.prefixes.values() if not URI.is_valid(uri)]
    if unfit:
        return None, tuple(_fault("document_uri", uri) for uri in unfit)
    return Chosen(published.schema, published.form, published), ()


def _fault(rule: str, *params: str) -> Finding:
    return Sentences(SENTENCES).finding(_PLACE, rule, *params)


SENTENCES: Final = {
    "document_set": (
        (
            "Die Schemamenge {0} ist nicht installiert, nicht nutzbar oder mehrdeutig; nutzbar sind: {1}. Bitte mit "
            "`gateway schemas install` einspielen oder den Namen aus `gateway schemas list` nehmen."
        ),
        (
            "The schema set {0} is not installed, not usable or ambiguous; usable are: {1}. Bring it in with "
            "`gateway schemas install`, or take the name from `gateway schemas list`."
        ),
    ),
    "document_uri": (
        (
            "Der Namensraum {0} des veröffentlichten XSD ist keine vollständige URI; kanonisches XML und FIT-Connect "
            "verlangen eine. Bitte beim Herausgeber eine berichtigte Fassung holen."
        ),
        (
            "The namespace {0} of the published XSD is no full URI; canonical XML and FIT-Connect demand one. Get a "
            "corrected version from the publisher."
        ),
    ),
    "document_set_faulty": (
        "Die Schemamenge {0} lässt sich nicht übersetzen ({1}): {2}",
        "The schema set {0} does not compile ({1}): {3}",
    ),
}
"""Rule -> sentences."""
