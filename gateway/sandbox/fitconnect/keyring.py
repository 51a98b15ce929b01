"""The sandbox's private keys: made once, kept in its directory, loaded once.

Knows: delivery service and portal sign with PS512, each of its own destinations opens with RSA-OAEP-256 and signs.
Never does: protect them; whoever plays a manual subscriber reads them from the files. Standard: RFC 7517.
Start reading: `SandboxKeys.load`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.crypto import base64url
from gateway.crypto.keys import PrivateKey, generate_root, generate_rsa
from gateway.fitconnect import names
from gateway.sandbox.clock import Ids

DELIVERY: Final = "delivery"
PORTAL: Final = "portal"
ENCRYPTION: Final = "decryption"
SIGNING: Final = "signing"
DESTINATIONS: Final = ("automatic", "manual")
_USES: Final[Mapping[str, Literal["wrapKey", "verify"]]] = {
    DELIVERY: "verify",
    PORTAL: "verify",
    **{f"{d}-{ENCRYPTION}": "wrapKey" for d in DESTINATIONS},
    **{f"{d}-{SIGNING}": "verify" for d in DESTINATIONS},
}
_VALID_DAYS: Final = 3650
_MANY = 4


@dataclass(frozen=True, slots=True)
class SandboxKeys:
    """All private keys by name, and the directory of their files."""

    directory: Path
    keys: Mapping[str, PrivateKey] = field(repr=False)

    def file(self, name: str) -> Path:
        """The private JWK file of a key, such as `delivery`, `portal` or `automatic-decryption`."""
        return self.directory / f"{name}.jwk.json"

    def public_set(self, name: str) -> dict[str, Any]:
        """The JWK set of an issuer, without certificates, as the delivery service publishes it."""
        jwk = {k: v for k, v in self.keys[name].public_jwk.items() if k != "x5c"}
        return {"keys": [jwk]}

    def signing_key(self, kid: str) -> PrivateKey | None:
        """The private signing key with this kid, where it is one of ours."""
        return next((k for n, k in self.keys.items() if k.kid == kid and _USES[n] == "verify"), None)

    @staticmethod
    def load(directory: Path, *, now: datetime, ids: Ids) -> SandboxKeys:
        """Read the keys from `directory`, or make all of them there (RSA-4096, a few seconds on two cores)."""
        directory.mkdir(parents=True, exist_ok=True)
        missing = [name for name in _USES if not (directory / f"{name}.jwk.json").exists()]
        if missing:
            _generate(directory, missing, now, ids)
        return SandboxKeys(directory, {name: _read(directory / f"{name}.jwk.json") for name in _USES})

    @staticmethod
    def from_keys(
        directory: Path, material: Mapping[str, rsa.RSAPrivateKey], *, now: datetime, ids: Ids
    ) -> SandboxKeys:
        """As `load` with RSA keys that exist already (tests share a few); names as in `file`."""
        directory.mkdir(parents=True, exist_ok=True)
        _generate(directory, list(_USES), now, ids, material)
        return SandboxKeys.load(directory, now=now, ids=ids)


def _read(file: Path) -> PrivateKey:
    """A key of ours, as we wrote it: its primes are not proven anew, which takes longer than all the rest."""
    jwk = json.loads(file.read_text(encoding="utf-8"))

    def number(name: str) -> int:
        return int.from_bytes(base64url.decode(jwk[name].encode()))

    d, p, q, dp, dq, qi = (number(name) for name in ("d", "p", "q", "dp", "dq", "qi"))
    numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(number("e"), number("n")))
    operation = {names.KEY_OPS_SIGN: names.KEY_OPS_VERIFY}.get(jwk["key_ops"][0], names.KEY_OPS_ENCRYPT)
    public = {name: jwk[name] for name in ("kty", "alg", "kid", "n", "e", "x5c")} | {"key_ops": [operation]}
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    return PrivateKey(jwk["kid"], key, jwk["alg"], MappingProxyType(public))


def _generate(
    directory: Path,
    missing: list[str],
    now: datetime,
    ids: Ids,
    material: Mapping[str, rsa.RSAPrivateKey] | None = None,
) -> None:
    def key(name: str) -> rsa.RSAPrivateKey:
        return (material or {}).get(name) or rsa.generate_private_key(65537, 4096)

    start, end = now - timedelta(days=1), now + timedelta(days=_VALID_DAYS)
    with ThreadPoolExecutor(_MANY) as pool:
        new = dict(zip(missing, pool.map(key, missing), strict=True))
    issuer = (material or {}).get("root") or next(iter(new.values()))  # one key less to wait for
    root = generate_root(subject="FIT-Connect-Sandbox Test-Root", not_before=start, not_after=end, serial=1, key=issuer)
    for serial, name in enumerate(missing, start=2):
        private, _ = generate_rsa(
            ids.uuid(),
            _USES[name],
            subject=f"FIT-Connect-Sandbox {name}",
            not_before=start,
            not_after=end,
            serial=serial,
            root=root,
            key=new[name],
        )
        target = directory / f"{name}.jwk.json"
        fresh = target.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(private), encoding="utf-8")
        fresh.replace(target)
