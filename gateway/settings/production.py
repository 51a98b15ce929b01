"""What production refuses: each fault with its place, its rule and the way out, all of them at once.

Knows: the rules of each kind of value; a section adds its own (`Section.refused_in_production`).
Never does: repair, show a secret. Standard: house rule; the list stands in docs/how-to/run-in-production.md.
Start reading: `refused`.
"""

from __future__ import annotations

import base64
import binascii
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, SecretStr

from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.settings.exposed_files import exposure
from gateway.settings.kinds import SettingKind, SettingValue, every, is_address
from gateway.settings.weak_secrets import LEAST_PASSWORD, LEAST_SECRET, weak_key, weak_text

RULE: Final = "insecure_in_production"
_NEEDED: Final = {SettingKind.SECRET: LEAST_SECRET, SettingKind.PASSWORD: LEAST_PASSWORD}
_PRIVATE: Final = {
    SettingKind.SECRET,
    SettingKind.PASSWORD,
    SettingKind.MASTER_KEY,
    SettingKind.FORMER_KEY,
    SettingKind.PRIVATE_KEY,
}
_ADDRESSES: Final = {SettingKind.OWN_ADDRESS, SettingKind.COUNTERPART}
_CALLED: Final = {SettingKind.COUNTERPART, SettingKind.COUNTERPART_HOST, SettingKind.ISSUER}

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "https": (
        "Im Produktivbetrieb gilt nur https; bitte eine Adresse angeben, die mit https:// beginnt.",
        "Production takes https only; give an address that begins with https://.",
    ),
    "loopback": (
        "Im Produktivbetrieb ist keine Gegenstelle auf diesem Rechner (loopback) erlaubt; bitte die echte angeben.",
        "Production allows no counterpart on this machine (loopback); give the real one.",
    ),
    "open_door": (
        (
            "Im Produktivbetrieb wird nur auf diesem Rechner unverschlüsselt gelauscht; bitte server.tls.key_file "
            "setzen, den Proxy davor in server.trusted_proxies nennen oder an 127.0.0.1 lauschen."
        ),
        (
            "Production listens unencrypted on this machine only; set server.tls.key_file, name the proxy before it "
            "in server.trusted_proxies, or listen on 127.0.0.1."
        ),
    ),
    "proxy_anybody": (
        "Im Produktivbetrieb darf nicht jeder als Proxy gelten; bitte die Adresse oder das Netz des Proxys nennen.",
        "Production does not believe everybody as a proxy; name the proxy's address or network.",
    ),
    "failpoints": (
        "Fehlerpunkte gibt es nur im Testbetrieb; bitte die Einstellung entfernen.",
        "Failpoints exist in test mode only; remove the setting.",
    ),
    "master_key": (
        (
            "Im Produktivbetrieb wird kein Hauptschlüssel angelegt; bitte eine Datei mit 32 zufälligen Bytes in Base64 "
            "nennen (head -c 32 /dev/urandom | base64)."
        ),
        (
            "Production makes no master key of its own; name a file with 32 random bytes in base64 "
            "(head -c 32 /dev/urandom | base64)."
        ),
    ),
    "private_network": (
        "Im Produktivbetrieb sind nur öffentliche Adressen erlaubt; bitte die Einstellung entfernen.",
        "Production allows public addresses only; remove the setting.",
    ),
    "public_keys": (
        "Im Produktivbetrieb werden Schlüssel nie ohne Zertifikatskette genommen; bitte die Einstellung entfernen.",
        "Production takes no keys without their certificate chain; remove the setting.",
    ),
    "unverified_push": (
        (
            "Im Produktivbetrieb wird nichts übertragen, was nicht am amtlichen XZuFi-Schema geprüft ist; bitte die "
            "Einstellung entfernen und das Schema installieren (gateway schemas install)."
        ),
        (
            "Production pushes nothing that was not held to the official XZuFi schema; remove the setting and install "
            "the schema (gateway schemas install)."
        ),
    ),
    "trust_roots": (
        "Im Produktivbetrieb muss feststehen, wem Zertifikate trauen; bitte die PEM-Dateien der Wurzeln nennen.",
        "Production has to know which roots certificates chain to; name the PEM files of the roots.",
    ),
    "mail_in_the_clear": (
        "Im Produktivbetrieb geht keine Nachricht unverschlüsselt hinaus; bitte starttls oder tls setzen.",
        "Production sends no mail unencrypted; set starttls or tls.",
    ),
    "unpinned_keys": (
        (
            "Im Produktivbetrieb wird kein Schlüssel geglaubt, der nur abgerufen wurde; bitte trusted_keys nennen "
            "(`gateway check` zeigt die SHA-256-Werte) oder eine Datei."
        ),
        (
            "Production believes no key that was merely fetched; name trusted_keys (`gateway check` shows the SHA-256 "
            "values) or a file."
        ),
    ),
    "test_accounts": (
        "Dieser Identitätsanbieter hat nur Testkonten; im Produktivbetrieb bitte den echten nennen.",
        "This identity provider has test accounts only; name the real one for production.",
    ),
    "pkce": (
        "Im Produktivbetrieb gibt es keine Anmeldung ohne PKCE; bitte die Einstellung entfernen.",
        "Production has no login without PKCE; remove the setting.",
    ),
    "weak_secret": (
        (
            "Dieses Geheimnis ist zu erraten (zu kurz, ein Wort aus einem Beispiel, ein Muster); bitte ein zufälliges "
            "von mindestens {least} Zeichen setzen (head -c 32 /dev/urandom | base64)."
        ),
        (
            "This secret can be guessed (too short, a word from an example or a pattern); set a random one of at least "
            "{least} characters (head -c 32 /dev/urandom | base64)."
        ),
    ),
    "weak_key": (
        (
            "Dieser Schlüssel ist nicht zufällig (nur Nullen, ein Muster, getippt); bitte einen neuen erzeugen und, wo "
            "schon Daten an ihm hängen, gateway keys rotate folgen."
        ),
        (
            "This key is not random (all zero, a pattern or typed); make a new one and, where data hang on it already, "
            "follow gateway keys rotate."
        ),
    ),
    "file_not_private": (
        "Andere können diese Datei lesen oder ändern ({path}); bitte chmod 600.",
        "Others can read or change this file ({path}); chmod 600.",
    ),
    "file_of_another": (
        "Diese Datei gehört einem anderen Benutzer ({path}); bitte mit chown dem des Gateways geben.",
        "This file belongs to another user ({path}); chown it to the gateway's.",
    ),
    "writable_by_all": (
        "Jeder auf diesem Rechner kann das ändern ({path}); bitte chmod o-w.",
        "Everybody on this machine can change this ({path}); chmod o-w.",
    ),
}


def refused(sections: Iterable[tuple[str, BaseModel]], files: Iterable[Path]) -> list[Finding]:
    """Every fault of the sections (each with its place) and of the files that they were read from."""
    findings: dict[Finding, None] = {}
    for pointer, section in sections:
        for value in every(section, pointer):
            findings |= dict.fromkeys(_faults(value))
    for file in files:
        findings |= dict.fromkeys(_exposed(str(file), file, private=False))
    return list(findings)


def _faults(value: SettingValue) -> Iterator[Finding]:
    match value.value:
        case BaseModel() as section if hasattr(section, "refused_in_production"):
            for name, rule in section.refused_in_production():
                yield fault(f"{value.place}.{name}" if value.place else name, rule)
        case Path() as path:
            yield from _file(value.place, path, value.kind)
        case SecretStr() as secret:
            yield from _secret(value.place, secret.get_secret_value().encode(), value.kind)
        case str() as text if value.kind is SettingKind.FILE_OR_ADDRESS:
            if is_address(text):
                yield from _address(value.place, text, SettingKind.COUNTERPART)
            else:
                yield from _file(value.place, Path(text), value.kind)
        case str() as text:
            yield from _address(value.place, text, value.kind)
        case (str() as program, *_) if value.kind is SettingKind.COMMAND:
            yield from _exposed(f"{value.place}: {program}", Path(program), private=False)


def fault(pointer: str, rule: str, **said: object) -> Finding:
    """One refusal; `rule` names its sentences."""
    return Finding(pointer, RULE, *Sentences(_SENTENCES).said(rule, **said))


def _address(pointer: str, text: str, kind: SettingKind | None) -> Iterator[Finding]:
    scheme = text.partition(":")[0].lower()
    if (kind in _ADDRESSES and not text.lower().startswith("https://")) or (
        kind is SettingKind.ISSUER and scheme == "http"
    ):
        yield fault(pointer, "https")
    if kind in _CALLED:
        host = text if kind is SettingKind.COUNTERPART_HOST else _host(text)
        if is_loopback(host) or _is_unspecified(host):
            yield fault(pointer, "loopback")


def counterparts(pointer: str, addresses: Iterable[str]) -> Iterator[Finding]:
    """What is wrong with addresses of counterparts that stand in a file."""
    for address in addresses:
        yield from _address(pointer, address, SettingKind.COUNTERPART)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address, in any way of writing it, means this very machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.startswith(("localhost.", "ip6-localhost")) or name.endswith(".localhost"):
        return True
    address = _literal(name)
    return address is not None and address.is_loopback


def _is_unspecified(host: str) -> bool:
    address = _literal(host.strip("[]"))
    return address is not None and address.is_unspecified


def _literal(name: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(name))  # 127.1, 0x7f000001, 2130706433
        except (OSError, ValueError):
            return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _file(pointer: str, path: Path, kind: SettingKind | None) -> Iterator[Finding]:
    content = _content(path) if kind is not None else b""
    private = kind in _PRIVATE or (kind is SettingKind.JWK and _jwk_secret(content) is not None)
    yield from _exposed(f"{pointer}: {path}", path, private=private)
    if content:
        yield from _secret(f"{pointer}: {path}", content, kind)


def _exposed(pointer: str, path: Path, *, private: bool) -> Iterator[Finding]:
    for rule, where in exposure(path, private=private):
        yield fault(pointer if where == str(path) else where, rule, path=where)


def _content(path: Path) -> bytes:
    """What stands in a file of keys or secrets; what cannot be read is told by whoever needs it."""
    try:
        return path.read_bytes() if path.is_file() else b""  # a pipe could be read only once
    except (OSError, ValueError):
        return b""


def _secret(pointer: str, content: bytes, kind: SettingKind | None) -> Iterator[Finding]:
    if least := _NEEDED.get(kind) if kind else None:
        if weak_text(content.decode(errors="replace"), least):
            yield fault(pointer, "weak_secret", least=least)
    elif kind is SettingKind.DATABASE:
        passwords = _database_passwords(content.decode(errors="replace"))
        if any(weak_text(password, LEAST_PASSWORD) for password in passwords):
            yield fault(pointer, "weak_secret", least=LEAST_PASSWORD)
    elif kind is SettingKind.MASTER_KEY:
        key = _base64(content)
        if key and weak_key(key):
            yield fault(pointer, "weak_key")
    elif kind is SettingKind.JWK:
        secret = _jwk_secret(content)
        if secret and weak_key(secret):
            yield fault(pointer, "weak_key")


def _database_passwords(address: str) -> list[str]:
    try:
        parts = urlsplit(address)
        passwords = [unquote(parts.password)] if parts.password is not None else []
        return passwords + parse_qs(parts.query, keep_blank_values=True).get("password", [])
    except ValueError:
        return []


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return b""


def _jwk_secret(content: bytes) -> bytes | None:
    """The private member of a JWK; None where the file holds none, or no JWK."""
    try:
        jwk: Any = json.loads(content)
        return base64.urlsafe_b64decode(jwk["d"] + "==") if "d" in jwk else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
