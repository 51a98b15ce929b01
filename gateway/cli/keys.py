"""`gateway keys`: make them, show what hangs on which, rotate the master key."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import click

from gateway.cli.console import FAILED, INTERRUPTED, emit, guarded, options, run, say
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.cli.local import command_settings

_LONGEST_NAME: Final = 64
KINDS = ("rsa-4096", "rsa-3072", "p-256", "p-384", "p-521")


@click.group(help=text("Schlüssel erzeugen, ansehen, wechseln", "Make, show and rotate keys"))
@in_language
def keys() -> None:
    """Group of the key commands."""


def _common_name(_: click.Context, __: click.Parameter, subject: str) -> str:
    """What may be the name in a certificate (RFC 5280, ub-common-name)."""
    if not (0 < len(subject) <= _LONGEST_NAME and subject.isprintable()):
        de = f"Erwartet werden 1 bis {_LONGEST_NAME} Zeichen in einer Zeile."
        raise click.BadParameter(text(de, f"1 to {_LONGEST_NAME} characters in one line are expected."))
    return subject


@keys.command(help=text("Schlüssel mit selbst signierter Kette (Test)", "Keys with a self-signed chain (test)"))
@click.option("--out", type=FilePath(file_okay=False), required=True, help=text("Ziel", "Target"))
@click.option(
    "--subject",
    default="OZG-Gateway Test",
    callback=_common_name,
    help=text("Name im Zertifikat", "Name in the certificate"),
)
@click.option("--days", type=click.IntRange(1, 3650), default=730, help=text("Gültigkeit", "Validity"))
@click.option(
    "--signing", type=click.Choice(KINDS), default=KINDS[0], help=text("Art zum Signieren", "Kind to sign with")
)
@click.option(
    "--saml", is_flag=True, help=text("Paare für Identitätsanbieter (PEM)", "Pairs for identity providers (PEM)")
)
@options
@guarded
def generate(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None, as_json: bool, out: Path, subject: str, days: int, signing: str, saml: bool
) -> None:
    """Write private JWKs (0600), public ones and the signing key's chain; nothing is ever overwritten.

    With `--saml` two RSA keys and their self-signed certificates in PEM, as `[identity.providers.NAME.keys]` asks.
    """
    from gateway.keys.files import write_secret  # noqa: PLC0415 - commands import what they need

    _ = config
    if saml:
        _generate_saml(out, subject, days, signing, as_json=as_json)
        return
    paths = [out / f"{name}.{half}.jwk" for name in ("decryption", "signing") for half in ("private", "public")]
    _refuse_existing([*paths, out / "signing.chain.pem"])
    now = datetime.now(UTC)
    for name, kind in (("decryption", KINDS[0]), ("signing", signing)):
        private, public = _pair(name, kind, subject, now, now + timedelta(days=days))
        write_secret(out / f"{name}.private.jwk", json.dumps(dict(private), indent=1).encode())
        (out / f"{name}.public.jwk").write_text(json.dumps(dict(public), indent=1), encoding="utf-8")
        line = {"name": name, "file": str(out / f"{name}.private.jwk"), "public_jwk": dict(public)}
        if name == "signing":
            line["certificate_chain_file"] = str(out / "signing.chain.pem")
            (out / "signing.chain.pem").write_text("".join(map(_pem, public["x5c"])), encoding="ascii")
        emit(line, as_json=as_json, human=f"{name}: {out / f'{name}.private.jwk'}")


def _generate_saml(out: Path, subject: str, days: int, kind: str, *, as_json: bool) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - commands import what they need
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from gateway.bundid.keys import self_signed  # noqa: PLC0415 - as above
    from gateway.keys.files import write_secret  # noqa: PLC0415 - as above

    family, _, size = kind.partition("-")
    if family != "rsa":
        raise click.UsageError(text("--saml braucht einen RSA-Schlüssel", "--saml takes an RSA key"))
    names = ("signing", "encryption")
    paths = {name: (out / f"saml-{name}.key.pem", out / f"saml-{name}.certificate.pem") for name in names}
    _refuse_existing([path for pair in paths.values() for path in pair])
    now = datetime.now(UTC)
    for name, (key_file, certificate_file) in paths.items():
        pair = self_signed(
            rsa.generate_private_key(65537, int(size)),
            encryption=name == "encryption",
            subject=subject,
            not_before=now - timedelta(minutes=5),
            not_after=now + timedelta(days=days),
            serial=int.from_bytes(os.urandom(8), "big") >> 1,
        )
        write_secret(key_file, pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate_file.write_bytes(pair.certificate.public_bytes(Encoding.PEM))
        line = {f"{name}_key_file": str(key_file), f"{name}_certificate_file": str(certificate_file)}
        emit({"name": name, **line}, as_json=as_json, human=f"{name}: {key_file}, {certificate_file}")


def _refuse_existing(paths: list[Path]) -> None:
    if existing := [path for path in paths if path.exists()]:
        raise click.UsageError(text("Schon vorhanden: ", "Exists already: ") + ", ".join(map(str, existing)))


def _pair(name: str, kind: str, subject: str, now: datetime, until: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - commands import what they need

    from gateway.crypto.keys import generate_ec, generate_rsa  # noqa: PLC0415 - commands import what they need

    kid, serial = f"{name}-{os.urandom(6).hex()}", int.from_bytes(os.urandom(8), "big") >> 1
    begin = now - timedelta(minutes=5)
    family, _, size = kind.partition("-")
    if family == "p":
        curve: Any = kind.upper()
        return generate_ec(kid, curve, subject=subject, not_before=begin, not_after=until, serial=serial)
    key = rsa.generate_private_key(65537, int(size))
    use: Literal["wrapKey", "verify"] = "wrapKey" if name == "decryption" else "verify"
    return generate_rsa(kid, use, subject=subject, not_before=begin, not_after=until, serial=serial, key=key)


def _pem(entry: str) -> str:
    lines = "\n".join(entry[at : at + 64] for at in range(0, len(entry), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


@keys.command(name="id-token", help=text("Schlüssel für ID-Token", "A key for ID tokens"))
@click.option("--out", type=FilePath(dir_okay=False), required=True, help=text("Datei", "File"))
@click.option(
    "--alg",
    type=click.Choice(("RS256", "PS256", "ES256", "EdDSA")),
    default="RS256",
    help=text("Verfahren", "Algorithm"),
)
@options
@guarded
def id_token(config: Path | None, as_json: bool, out: Path, alg: str) -> None:
    """Write a private JWK (0600) for `login.id_token_key_files`; an existing file is never overwritten."""
    from gateway.keys.files import write_secret  # noqa: PLC0415 - commands import what they need
    from gateway.login import id_token_keys  # noqa: PLC0415 - commands import what they need

    _ = config
    if out.exists():
        raise click.UsageError(text("Schon vorhanden: ", "Exists already: ") + str(out))
    key = id_token_keys.generate(alg, f"id-token-{os.urandom(6).hex()}")
    write_secret(out, json.dumps(key, indent=1).encode())
    public = dict(id_token_keys.read_public(key))
    emit({"name": "id-token", "file": str(out), "public_jwk": public}, as_json=as_json, human=f"id-token: {out}")


@keys.command(name="list", help=text("Hauptschlüssel und öffentliche Schlüssel", "Master keys and public keys"))
@options
@guarded
def list_(config: Path | None, as_json: bool) -> None:
    """One line a key: the master keys with what hangs on them, then the public half of every signing key."""
    values = command_settings(config)
    for line in run(lambda _: _master_lines(values)):
        human = f"{line['key']}  {line['place'] or '!!':<40} {line['municipality_keys']:>6} {line['data_keys']:>10}"
        marks = [name for name in ("current", "removable") if line[name]]
        emit(line, as_json=as_json, human=" ".join(["master ", human, *marks]))
    for line in _public_lines(values):
        emit(line, as_json=as_json, human=f"{line['kind']}  {line['public_jwk'].get('kid')}  {line['not_after'] or ''}")


async def _master_lines(values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - settings, imported late
    from gateway.keys.files import master_keys  # noqa: PLC0415 - commands import what they need
    from gateway.store.keys.master_keys import Need, needs  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import connections  # noqa: PLC0415 - commands import what they need

    async with connections(values) as database:
        by_master = {need.master: need for need in await needs(database)}
    sources = {key.id: key.source for key in master_keys(values, data_exist=bool(by_master))}
    return [
        {
            "kind": "master",
            "key": master,
            "place": sources.get(master),
            "current": need.current,
            "municipality_keys": need.municipality_keys,
            "data_keys": need.data_keys,
            "removable": need.rows == 0 and bool(by_master) and master != next(iter(sources)),
        }
        for master in dict.fromkeys([*sources, *by_master])
        for need in (by_master.get(master, Need(master, False, 0, 0)),)
    ]


def _public_lines(values: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - settings, imported late
    from gateway.keys.municipality import DocumentKeys  # noqa: PLC0415 - commands import what they need
    from gateway.settings.reading import read_municipalities  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.clock import SystemClock  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import token_key  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.id_token_signing import judge  # noqa: PLC0415 - commands import what they need

    files = read_municipalities(values)
    yield {
        "kind": "evidence",
        "municipality": None,
        "public_jwk": dict(token_key(values).public_jwk),
        "not_after": None,
    }
    id_tokens = judge(values)
    for jwk in id_tokens.published if id_tokens else ():
        yield {"kind": "id-token", "municipality": None, "public_jwk": dict(jwk), "not_after": None}
    signing_keys = DocumentKeys(files, SystemClock())
    for file in files:
        key = signing_keys.identity(file.ars)
        until = key.not_after.isoformat() if key.not_after else None
        yield {"kind": "signing", "municipality": file.slug, "public_jwk": key.public_jwk(), "not_after": until}


@keys.command(help=text("Auf den neuen Hauptschlüssel wechseln", "Change to the new master key"))
@options
@guarded
def rotate(config: Path | None, as_json: bool) -> None:
    """Everything hangs on `vault.master_key_file` afterwards; may be run again at any time, and goes on then."""
    values = command_settings(config)
    rotated, stopped = run(lambda stop: _rotated(values, stop))
    complete = not stopped and not rotated.left
    line = {
        "ok": complete,
        "key": rotated.master,
        "data_keys": rotated.data_keys,
        "municipality_keys": rotated.municipality_keys,
        "left": rotated.left,
        "broken": list(rotated.broken),
    }
    emit(line, as_json=as_json)
    if rotated.broken:
        say(
            text("Nicht zu öffnen, bitte Sicherung prüfen: ", "Cannot be opened, look at a backup: ")
            + ", ".join(rotated.broken)
        )
    if not complete:
        raise SystemExit(INTERRUPTED if stopped else FAILED)


async def _rotated(values: Any, stop: asyncio.Event) -> tuple[Any, bool]:  # noqa: ANN401 - settings, imported late
    from gateway.keys.files import master_keys  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import database, open_store  # noqa: PLC0415 - commands import what they need

    async with database(values) as dsn, open_store(dsn, master_keys(values, data_exist=True)) as store:
        return await store.rotation().run(stop.is_set), stop.is_set()
