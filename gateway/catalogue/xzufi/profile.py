"""The words of one version of XZuFi: names of elements, types, schemes and code lists.

Knows: the data files in `profiles/`. Never does: order (the schema says it). Standard: XZuFi 2.2.0, 2.3.1; each name's
source stands beside it in the file. Start reading: `profile`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources


class Kind(StrEnum):
    """The classes of objects, in the words of the attribute `klasse`."""

    SERVICE = "Leistung"
    ONLINE_SERVICE = "Onlinedienst"
    RESPONSIBILITY = "Zustaendigkeit"
    UNIT = "Organisationseinheit"


@dataclass(frozen=True, slots=True)
class CodeListName:
    """A code list as elements name it; no `version`: not known, so none is said. No `codes`: too many to be here."""

    uri: str
    codes: tuple[str, ...]
    version: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """What stands at an element with a code."""
        return {"listURI": self.uri, **({"listVersionID": self.version} if self.version else {})}


@dataclass(frozen=True, slots=True)
class XzufiProfile:
    """One version. `names`, `values` and `schemes` go by our own words, `types` by path of elements.

    `where_declared` are paths that are left out where the schema does not know them. `digest` is that of the file.
    """

    version: str
    namespace: str
    urn: str
    own_agency: str
    names: Mapping[str, str]
    types: Mapping[str, str]
    schemes: Mapping[str, str]
    object_schemes: Mapping[str, str]
    lists: Mapping[str, CodeListName]
    values: Mapping[str, str]
    assurance: Mapping[str, str]
    languages: Mapping[str, tuple[str, str]]
    where_declared: frozenset[str]
    digest: str
    xsd: bytes = field(repr=False)
    """Our own schema, which models the verified parts only."""


@cache
def profile(version: str) -> XzufiProfile:
    """The profile of a version that there is a file for."""
    stem = version.replace(".", "_")
    here = resources.files(__package__)
    source = here.joinpath("profiles", f"{stem}.toml").read_bytes()
    read = tomllib.loads(source.decode())
    schemes, values = dict(read["schemes"]), dict(read["values"])
    objects, assurance = schemes.pop("objects"), values.pop("assurance")
    return XzufiProfile(
        version=read["version"],
        namespace=read["namespace"],
        urn=read["urn"],
        own_agency=read["own_agency"],
        names=read["names"],
        types=read["types"],
        schemes=schemes,
        object_schemes=objects,
        lists={
            name: CodeListName(code_list["uri"], tuple(code_list["codes"]), code_list.get("version", ""))
            for name, code_list in read["lists"].items()
        },
        values=values,
        assurance=assurance,
        languages={code: (german, native) for code, (german, native) in read["languages"].items()},
        where_declared=frozenset(read["where_declared"]),
        digest=hashlib.sha256(source).hexdigest(),
        xsd=here.joinpath("xsd", f"{stem}.xsd").read_bytes(),
    )
