"""The keys that sign ID tokens on this machine: read, or made at the first start that needs them.

Knows: where they stand, which algorithms the clients ask for. Never does: sign. Standard: RFC 7517.
Start reading: `id_token_keys`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.errors import KeyUnfit, SettingsInvalid
from gateway.input import regular_file
from gateway.keys.files import write_secret
from gateway.login import id_token_keys as jwks
from gateway.login.id_token_keys import IdTokenKeys
from gateway.model import Finding
from gateway.settings import unusable_files
from gateway.settings.gateway import Settings
from gateway.settings.logins import algorithms

_T = TypeVar("_T")
_SIGNING: Final = "login.id_token_key_files"


def id_token_keys(settings: Settings) -> IdTokenKeys | None:
    """The keys; None where nobody logs in. Raises `SettingsInvalid` with every fault.

    A missing one of the usual place is made, which takes a second for RSA: not to be called on an event loop.
    """
    if not algorithms(settings.clients):
        return None
    if not settings.login.id_token_key_files:
        for alg in algorithms(settings.clients):
            if not (path := _usual(settings, alg)).exists():
                key = jwks.generate(alg, f"id-token-{os.urandom(6).hex()}")
                write_secret(path, json.dumps(key).encode())
    return judge(settings)


def judge(settings: Settings) -> IdTokenKeys | None:
    """The keys that are there, none made; None where nobody logs in. Raises `SettingsInvalid` with every fault."""
    faults: list[Finding] = []
    asked = algorithms(settings.clients)
    files = settings.login.id_token_key_files
    usual = [path for alg in asked if (path := _usual(settings, alg)).exists()]
    signing = _read(files or usual, _SIGNING, jwks.read_private, faults)
    others = _read(settings.login.published_key_files, "login.published_key_files", jwks.read_public, faults)
    missing = [alg for alg in asked if alg not in {key.alg for key in signing}]
    if files and missing and not faults:
        faults.append(_lacking(missing))
    if faults:
        raise SettingsInvalid(findings=tuple(faults))
    return IdTokenKeys(signing, others) if asked else None


def at_work(settings: Settings) -> IdTokenKeys:
    """The keys that are there, one for each algorithm that a client asks for. Raises `SettingsInvalid`."""
    keys = judge(settings)
    missing = [alg for alg in algorithms(settings.clients) if keys is None or alg not in keys.algorithms]
    if keys is None or missing:
        raise SettingsInvalid(findings=(_lacking(missing),))
    return keys


def _lacking(missing: Sequence[str]) -> Finding:
    named = ", ".join(missing)
    return Finding(
        _SIGNING,
        "algorithm_missing",
        f"Für {named} fehlt ein Schlüssel, den ein Zugang verlangt; mit `gateway keys id-token` machen und nennen.",
        f"A key for {named} is missing, which a client asks for; make one with `gateway keys id-token` and name it.",
    )


def _usual(settings: Settings, alg: str) -> Path:
    return settings.data_dir / "keys" / f"id-token-{alg}.jwk"


def _read(paths: Sequence[Path], setting: str, read: Callable[[Any], _T], faults: list[Finding]) -> list[_T]:
    keys = []
    for path in paths:
        rule = "?"
        try:
            keys.append(read(json.loads(regular_file.text(path))))
            continue
        except KeyUnfit as error:
            rule = str(error.params["rule"])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a key file, nothing of it is shown
            rule = type(error).__name__
        cause = unusable_files.no_private_jwk(path) if setting == _SIGNING else unusable_files.no_jwk(path)
        sentences = unusable_files.said(cause, unusable_files.ID_TOKEN_KEY, rule=rule)
        faults.append(Finding(f"{setting}: {path}", "key_unreadable", *sentences))
    return keys
