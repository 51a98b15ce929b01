"""What the demo's town says of its offer: pages of its nine services, thirteen more, who is responsible.

The thirteen lie in `entries/`: ordinary municipal services with LeiKa keys whose labels are known, marked as examples.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gateway.keys.files import write_secret

ENTRIES = Path(__file__).parent / "entries"
AGENCY = "L100999"
"""An id of an editorial system that nobody has: that of Sachsen-Anhalt is not public."""
_FIRST = "format = 1\n"


def entry_files(home: Path, pages: str) -> Path:
    """Write the thirteen entries, each with its page below `pages`, into a folder of `home`; the folder."""
    folder = home / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(ENTRIES.glob("*.toml")):
        text = file.read_text(encoding="utf-8")
        url = f'url = "{pages}/{file.stem}"\n'
        (folder / file.name).write_text(text.replace(_FIRST, _FIRST + url, 1), encoding="utf-8")
    return folder


def titles() -> Mapping[str, Mapping[str, str]]:
    """The titles of the thirteen, by service and language: what their pages say."""
    files = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(ENTRIES.glob("*.toml"))}
    return {service: values["title"] for service, values in files.items()}


def settings_section(home: Path, sandbox: Mapping[str, Any]) -> str:
    """The lines of the settings file: whom to ask and tell, all of it the sandbox that said `sandbox` when ready."""
    client, sdg, transactions = sandbox["collector_client"], sandbox["sdg"], sandbox["transactions"]
    write_secret(home / "secrets" / "collector", client["client_secret"].encode())
    write_secret(home / "secrets" / "sdg", sdg["key"].encode())
    write_secret(home / "secrets" / "transactions", transactions["token"].encode())
    return f"""
[catalogue]
contact = "digitales-rathaus@tangerhuette.example"

[catalogue.readback]
pvog = "{sandbox["pvog"]}"
data_hub = "{sandbox["datahub"]}"

[catalogue.push]
address = "{sandbox["collector"]}"
token_url = "{sandbox["collector_token_url"]}"
client_id = "{client["client_id"]}"
client_secret_file = "secrets/collector"
unverified = true

[catalogue.statistics]
sdg = "{sdg["address"]}"
sdg_key_file = "secrets/sdg"
transactions = "{transactions["address"]}"
transactions_token_file = "secrets/transactions"
"""


def town_section(folder: Path, pages: str, services: Iterable[str]) -> str:
    """The lines of the municipality's file: its folder of entries, the pages of `services`, the responsible unit.

    They are tables of their own and may stand behind any others.
    """
    urls = "".join(f'{service} = "{pages}/{service}"\n' for service in services)
    return f"""
[catalogue]
dir = "{folder}"
agency_id = "{AGENCY}"

[catalogue.urls]
{urls}
[catalogue.unit]
id = "rathaus"
name = "Einheitsgemeinde Stadt Tangerhütte"
name_en = "Town of Tangerhütte"
street = "Bismarckstraße 5"
zip_code = "39517"
city = "Tangerhütte"
"""
