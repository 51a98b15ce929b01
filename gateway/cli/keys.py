"""`gateway keys`: make keys."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from gateway.cli.console import emit, guarded, options
from gateway.cli.language import text

USES = {"decryption": "wrapKey", "signing": "verify"}


@click.group(help=text("Schlüssel erzeugen", "Make keys"))
def keys() -> None:
    """Group of the key commands."""


@keys.command(help=text("RSA-4096-Schlüssel mit selbst signierter Kette (Test)", "RSA-4096 keys, self-signed (test)"))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help=text("Ziel", "Target"))
@click.option("--subject", default="OZG-Gateway Test", help=text("Name im Zertifikat", "Name in the certificate"))
@click.option("--days", type=click.IntRange(1, 3650), default=730, help=text("Gültigkeit", "Validity"))
@options
@guarded
def generate(config: Path | None, as_json: bool, out: Path, subject: str, days: int) -> None:
    """Write private JWKs (0600) and public ones; existing files are never overwritten."""
    from gateway.crypto.keys import generate_rsa  # noqa: PLC0415 - commands import what they need
    from gateway.keyfiles import write_secret  # noqa: PLC0415 - commands import what they need

    _ = config
    taken = [out / f"{name}.{half}.jwk" for name in USES for half in ("private", "public")]
    if found := [path for path in taken if path.exists()]:
        raise click.UsageError(text("Schon vorhanden: ", "Exists already: ") + ", ".join(map(str, found)))
    now = datetime.now(UTC)
    for name, use in USES.items():
        private, public = generate_rsa(
            f"{name}-{os.urandom(6).hex()}",
            "wrapKey" if use == "wrapKey" else "verify",
            subject=subject,
            not_before=now - timedelta(minutes=5),
            not_after=now + timedelta(days=days),
            serial=int.from_bytes(os.urandom(8), "big") >> 1,
        )
        write_secret(out / f"{name}.private.jwk", json.dumps(dict(private), indent=1).encode())
        (out / f"{name}.public.jwk").write_text(json.dumps(dict(public), indent=1), encoding="utf-8")
        line = {"name": name, "file": str(out / f"{name}.private.jwk"), "public_jwk": dict(public)}
        emit(line, as_json=as_json, human=f"{name}: {out / f'{name}.private.jwk'}")
