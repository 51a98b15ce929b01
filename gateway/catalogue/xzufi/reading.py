"""Objects of a transfer that we wrote, taken out of it again by their ids.

Knows: where each class has its id. Never does: read what others wrote. Standard: XZuFi 2.2.0, 2.3.1.
Start reading: `objects_of`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.catalogue.xzufi.identifiers import PREFIX
from gateway.catalogue.xzufi.profile import Kind, XzufiProfile


def objects_of(content: bytes, profile: XzufiProfile) -> Iterator[tuple[Kind, str, etree._Element]]:
    """Class, public id and element of each object that a file writes."""
    names = profile.names
    kinds = {
        names["service"]: Kind.SERVICE,
        names["online_service"]: Kind.ONLINE_SERVICE,
        names["unit"]: Kind.UNIT,
        names["responsibility_transfer"]: Kind.RESPONSIBILITY,
    }
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    for around in etree.fromstring(content, parser).iterchildren(f"{{*}}{names['write']}"):
        (element,) = around
        kind = kinds[etree.QName(element).localname]
        holder = element if kind is not Kind.RESPONSIBILITY else element.find(f"{{*}}{names['responsibility']}")
        own = None if holder is None else holder.find(f"{{*}}{names['id']}")
        assert own is not None
        yield kind, f"{own.get('schemeAgencyID')}.{PREFIX[kind]}.{own.text}", element
