"""Why a file that the settings name is of no use, and the way out: one sentence for each cause, in two languages.

Knows: what keeps a file from being read; what people put in place of a secret, a key in JWK, a certificate in PEM.
Never does: show anything of the content; judge a key (`crypto.keys`, `signature.identity` do). Standards: RFC 7517,
RFC 7468. Start reading: `unreadable`, then `no_private_jwk`.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.errors import SettingsInvalid
from gateway.input import regular_file
from gateway.model import Finding

Said = tuple[str, str]
"""German, English."""

_CAUSES: Final[Mapping[str, Said]] = {
    "missing": ("Die Datei fehlt.", "The file is missing."),
    "directory": ("Das ist ein Verzeichnis, keine Datei.", "This is a directory, not a file."),
    "no_file": ("Das ist keine gewöhnliche Datei.", "This is no regular file."),
    "permission": (
        "Der Benutzer des Gateways darf die Datei nicht lesen (chown, chmod 600).",
        "The gateway's user may not read the file (chown, chmod 600).",
    ),
    "unreadable": ("Die Datei ist nicht lesbar.", "The file cannot be read."),
    "empty": ("Die Datei ist leer.", "The file is empty."),
    "no_header": (
        "Die Datei enthält anderes als eine Zeile mit höchstens 8000 Zeichen aus ASCII.",
        "The file holds something else than one line of at most 8000 characters of ASCII.",
    ),
    "no_text": ("Die Datei ist kein Text in UTF-8.", "The file is no text in UTF-8."),
    "encrypted": (
        "Die Datei enthält einen Schlüssel, der mit einem Passwort verschlüsselt ist.",
        "The file holds a key that is encrypted with a password.",
    ),
    "pem": ("Die Datei enthält PEM, keinen JWK.", "The file holds PEM, no JWK."),
    "no_json": ("Die Datei ist kein JSON.", "The file is no JSON."),
    "jwk_set": ("Die Datei ist ein JWK-Satz, kein einzelner JWK.", "The file is a JWK set, not a single JWK."),
    "no_jwk": ("Die Datei ist kein JWK.", "The file is no JWK."),
    "public": (
        "Die Datei enthält nur den öffentlichen Teil des Schlüssels.",
        "The file holds the key's public part only.",
    ),
    "unfit": (
        "Der JWK ist unvollständig oder seine Teile passen nicht zusammen ({rule}).",
        "The JWK is incomplete or its parts do not fit together ({rule}).",
    ),
    "no_certificate": ("Die Datei enthält kein PEM-Zertifikat.", "The file holds no PEM certificate."),
    "no_master_key": ("Die Datei enthält keine 32 Bytes in Base64.", "The file does not hold 32 bytes in base64."),
    "no_key": ("Die Datei enthält keinen privaten PEM-Schlüssel.", "The file holds no private PEM key."),
    "key_kind": ("Der Schlüssel ist kein RSA-Schlüssel.", "The key is no RSA key."),
    "key_too_short": ("Der Schlüssel ist kürzer als 3072 Bit.", "The key is shorter than 3072 bits."),
    "key_broken": (
        "Die Teile des Schlüssels gehören nicht zusammen; die Datei ist beschädigt.",
        "The parts of the key do not belong together; the file is damaged.",
    ),
    "not_a_pair": ("Zertifikat und Schlüssel gehören nicht zusammen.", "Certificate and key do not belong together."),
    "no_png": ("Die Datei ist kein PNG-Bild, oder beschädigt.", "The file is no PNG image, or damaged."),
    "too_large": ("Das Bild ist zu groß.", "The image is too large."),
    "jwk": ("Die Datei ist ein einzelner JWK, kein JWK-Satz.", "The file is a single JWK, no JWK set."),
    "no_set": ('Die Datei ist kein JWK-Satz ({{"keys": […]}}).', 'The file is no JWK set ({{"keys": […]}}).'),
}
_BY_ERRNO: Final = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EISDIR: "directory",
}

SECRET: Final[Said] = (
    "Bitte das Geheimnis in diese Datei schreiben oder die Einstellung berichtigen.",
    "Write the secret into this file or correct the setting.",
)
SIGNING_KEY: Final[Said] = (
    (
        "Erwartet wird ein privater JWK ohne Passwort (RSA ab 3072 Bit, P-256, P-384, P-521); einen passenden erzeugt "
        "`gateway keys generate --out VERZEICHNIS` als signing.private.jwk."
    ),
    (
        "A private JWK without password is expected (RSA of 3072 bits or more, P-256, P-384, P-521); `gateway keys "
        "generate --out DIRECTORY` makes one, signing.private.jwk."
    ),
)
EVIDENCE_KEY: Final[Said] = (
    (
        "Erwartet wird ein privater JWK ohne Passwort (Ed25519 oder P-256); einen passenden erzeugt `gateway keys "
        "generate --signing p-256 --out VERZEICHNIS` als signing.private.jwk."
    ),
    (
        "A private JWK without password is expected (Ed25519 or P-256); `gateway keys generate --signing p-256 --out "
        "DIRECTORY` makes one, signing.private.jwk."
    ),
)
PUBLISHED_KEY: Final[Said] = (
    "Erwartet wird ein JWK (Ed25519 oder P-256), am besten nur sein öffentlicher Teil, mit kid.",
    "A JWK is expected (Ed25519 or P-256), best its public part alone, with a kid.",
)
ID_TOKEN_KEY: Final[Said] = (
    (
        "Erwartet wird ein JWK mit alg und kid (RSA ab 2048 Bit, P-256 oder Ed25519); einen passenden erzeugt `gateway "
        "keys id-token --out DATEI`."
    ),
    (
        "A JWK with alg and kid is expected (RSA of 2048 bits or more, P-256 or Ed25519); `gateway keys id-token --out "
        "FILE` makes one."
    ),
)
CLIENT_KEYS: Final[Said] = (
    'Erwartet werden die öffentlichen Schlüssel des Portals als {"keys": […]}; bitte vom Portal erfragen.',
    'The portal\'s public keys are expected as {"keys": […]}; ask the portal for them.',
)
MASTER_KEY: Final[Said] = (
    "Bitte die gesicherte Datei zurücklegen; nur wo noch keine Daten sind: head -c 32 /dev/urandom | base64.",
    "Put the saved file back; only where there are no data yet: head -c 32 /dev/urandom | base64.",
)
CERTIFICATES: Final[Said] = (
    "Erwartet werden Zertifikate in PEM (-----BEGIN CERTIFICATE-----); bitte Datei oder Einstellung berichtigen.",
    "Certificates in PEM are expected (-----BEGIN CERTIFICATE-----); correct the file or the setting.",
)
TLS_KEY: Final[Said] = (
    "Erwartet wird der Schlüssel des Zertifikats in PEM ohne Passwort (`openssl pkey -in ALT -out NEU`).",
    "The certificate's key is expected in PEM without password (`openssl pkey -in OLD -out NEW`).",
)
PROVIDER_KEY: Final[Said] = (
    (
        "Erwartet werden ein RSA-Schlüssel ab 3072 Bit und sein Zertifikat in PEM ohne Passwort; beides erzeugt "
        "`gateway keys generate --saml --out VERZEICHNIS`."
    ),
    (
        "An RSA key of 3072 bits or more and its certificate are expected, in PEM without password; `gateway keys "
        "generate --saml --out DIRECTORY` makes both."
    ),
)
LOGO: Final[Said] = (
    "Erwartet wird ein PNG-Bild von höchstens 100.000 Bytes und 2.000 Bildpunkten in Breite und Höhe.",
    "Expected is a PNG image of at most 100,000 bytes and 2,000 pixels in width and height.",
)


def said(cause: str, way_out: Said, *, rule: str = "") -> Said:
    """The sentence of a cause, then the way out."""
    de, en = (sentence.format(rule=rule) for sentence in _CAUSES[cause])
    return f"{de} {way_out[0]}", f"{en} {way_out[1]}"


def refusal(place: str, rule: str, cause: str, way_out: Said, *, fits: str = "") -> SettingsInvalid:
    """What is raised for a file that a setting names; `fits`: the rule that one of the right form breaks."""
    return SettingsInvalid(findings=(Finding(place, rule, *said(cause, way_out, rule=fits)),))


def unreadable(path: Path) -> str | None:
    """Why a file cannot be read or is empty; None where it can. `missing` also below what is no directory."""
    try:
        return None if regular_file.content(path).removeprefix(codecs.BOM_UTF8).strip() else "empty"
    except OSError as error:
        cause = _BY_ERRNO.get(error.errno or 0, "unreadable")
    if cause == "unreadable" and os.path.isdir(path):  # noqa: PTH112 - a path is never made for it
        return "directory"
    return "no_file" if cause == "unreadable" and os.path.exists(path) else cause  # noqa: PTH110 - as above


def no_secret(path: Path) -> str:
    """Why a file gives no secret."""
    return unreadable(path) or "no_text"


def no_private_jwk(path: Path) -> str:
    """Why a file gives no private JWK; `unfit` where it is one by its form."""
    jwk, cause = _jwk(path)
    return cause or ("unfit" if isinstance(jwk.get("d"), str) else "public")


def no_jwk(path: Path) -> str:
    """Why a file gives no JWK, private or public; `unfit` as above."""
    return _jwk(path)[1] or "unfit"


def no_jwk_set(path: Path) -> str:
    """Why a file gives no JWK set."""
    jwk, cause = _jwk(path)
    if cause in {"no_jwk", ""}:
        return "jwk" if "kty" in jwk else "no_set"
    return cause


def no_certificates(path: Path) -> str:
    """Why a file gives no certificates."""
    return unreadable(path) or "no_certificate"


def no_tls_key(path: Path) -> str:
    """Why a file gives no private key of a certificate; `not_a_pair` where it holds one."""
    if cause := unreadable(path):
        return cause
    content = regular_file.content(path)
    if _encrypted(content):
        return "encrypted"
    return "not_a_pair" if b"PRIVATE KEY-----" in content else "no_key"


def _encrypted(content: bytes) -> bool:
    return b"BEGIN ENCRYPTED PRIVATE KEY" in content or b"Proc-Type: 4,ENCRYPTED" in content


def _jwk(path: Path) -> tuple[Mapping[str, Any], str]:
    """What stands in it, and why it is no JWK (empty: it may be one)."""
    if cause := unreadable(path):
        return {}, cause
    content = regular_file.content(path)
    if _encrypted(content):
        return {}, "encrypted"
    if b"-----BEGIN" in content:
        return {}, "pem"
    try:
        jwk = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}, "no_json"
    if not isinstance(jwk, dict):
        return {}, "no_jwk"
    return jwk, "jwk_set" if "keys" in jwk else "" if "kty" in jwk else "no_jwk"
