"""Seal, open and sign, against joserfc and jwcrypto in the same run; prints one JSON object a line.

Run: python tests/bench/bench_crypto.py [--quick]. Each figure comes from a process of its own: the median time of
some rounds, and by how much the process grew at its peak. The input is read from a file and the output written to
nowhere, by ours piece by piece as the gateway does, by the one-shot libraries in one string as their interface asks.
`open+sha512` adds the SHA-512 of the plaintext, which FIT-Connect needs, to both sides. The last lines are ratios.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
KID, CTY = "bench-key-0001", "application/json"
PIECE = 192 * 1024
SIZES = {"1 kB": 1_000, "1 MB": 1_000_000, "50 MB": 50_000_000}
LIBRARIES = ("ours", "joserfc", "jwcrypto")
TASKS = ("seal", "open", "open+sha512")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and 10 MB instead of 50 MB")
    parser.add_argument("--one", nargs=4, metavar=("LIBRARY", "TASK", "SIZE", "ROUNDS"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        library, task, size, rounds = given.one
        print(json.dumps(measure(given.folder, library, task, int(size), int(rounds))))  # noqa: T201 - its output
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), quick=given.quick)


def compare(folder: Path, *, quick: bool) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - children import only what they measure
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(65537, 4096)
    (folder / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    sizes = {"1 kB": 1_000, "1 MB": 1_000_000, "10 MB": 10_000_000} if quick else SIZES
    seconds: dict[tuple[str, str, str], float] = {}
    for label, size in sizes.items():
        (folder / f"plain-{size}").write_bytes(os.urandom(size))
        seal_file(folder, key.public_key(), size)
        for task in TASKS:
            for library in LIBRARIES:
                rounds = (3 if quick else 7) if size > 1_000_000 else (10 if quick else 50)
                figures = child(folder, library, task, size, rounds)
                seconds[library, task, label] = figures["median_s"]
                show({"task": task, "size": label, "library": library, **figures})
    for library in LIBRARIES:
        figures = child(folder, library, "sign", 500, 40 if quick else 400)
        show({"task": "sign PS512", "size": "500 B", "library": library, **figures, "per_s": 1 / figures["median_s"]})
    for label in sizes:
        for task in TASKS:
            ours = seconds["ours", task, label]
            show(
                {"ratio": task, "size": label}
                | {f"{library} / ours": seconds[library, task, label] / ours for library in LIBRARIES[1:]}
            )


def show(line: dict[str, object]) -> None:
    rounded = {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in line.items()}
    print(json.dumps(rounded), flush=True)  # noqa: T201 - its output


def child(folder: Path, library: str, task: str, size: int, rounds: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--folder", str(folder), "--one", library, task, str(size), str(rounds)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def seal_file(folder: Path, public: object, size: int) -> None:
    sys.path.insert(0, str(ROOT))
    from gateway.crypto import jwe  # noqa: PLC0415 - as above

    plain = (folder / f"plain-{size}").read_bytes()
    token = jwe.seal(plain, public, kid=KID, cty=CTY, cek=os.urandom(32), iv=os.urandom(12))
    (folder / f"sealed-{size}").write_bytes(token)


def measure(folder: Path, library: str, task: str, size: int, rounds: int) -> dict[str, float]:
    """In the child: once to warm up with the smallest input, then the rounds; growth is counted from there."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415

    key = load_der_private_key((folder / "key.der").read_bytes(), None)
    step = {"ours": ours, "joserfc": joserfc, "jwcrypto": jwcrypto}[library](folder, key, task)
    step(1_000)
    before = peak_mb(reset=True)
    took = []
    for _ in range(rounds):
        gc.collect()  # what a library leaves in cycles must not pile up from round to round
        start = time.perf_counter()
        step(size)
        took.append(time.perf_counter() - start)
    return {"median_s": statistics.median(took), "growth_mb": max(0.0, peak_mb() - before), "rounds": rounds}


def peak_mb(*, reset: bool = False) -> float:
    """The peak resident size of this process (Linux); `reset` begins a new peak first."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def ours(folder, key, task):
    from gateway.crypto import generation, jwe, jws, keys  # noqa: PLC0415

    public = key.public_key()

    def seal(size):
        sealer = jwe.Sealer(public, kid=KID, cty=CTY, cek=os.urandom(32), iv=os.urandom(12))
        with (folder / f"plain-{size}").open("rb") as plain, Path(os.devnull).open("wb") as out:
            while piece := plain.read(PIECE):
                out.write(sealer.update(piece))
            out.write(sealer.finish())

    def unseal(size):
        with (folder / f"sealed-{size}").open("rb") as sealed, Path(os.devnull).open("wb") as spool:
            opener = jwe.Opener(lambda _: key, spool, max_plain=1 << 30, digest=task != "open")
            while piece := sealed.read(PIECE):
                opener.feed(piece)
            opener.finish()

    if task == "sign":
        members = generation._private_members(key)
        signer = keys.private_key({"kty": "RSA", "kid": KID, "alg": "PS512", "key_ops": ["sign"], **members})
        return lambda size: jws.sign(bytes(500), signer, {"typ": "secevent+jwt"})
    return seal if task == "seal" else unseal


def joserfc(folder, key, task):
    from joserfc import jwe, jws  # noqa: PLC0415
    from joserfc.jwk import RSAKey  # noqa: PLC0415

    registry = jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"])
    registry.max_ciphertext_length = registry.max_plaintext_length = 1 << 30
    imported = RSAKey.import_key(key)
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": CTY}

    def seal(size):
        plain = (folder / f"plain-{size}").read_bytes()
        Path(os.devnull).write_bytes(jwe.encrypt_compact(header, plain, imported, registry=registry).encode())

    def unseal(size):
        token = (folder / f"sealed-{size}").read_bytes()
        plain = jwe.decrypt_compact(token, imported, registry=registry).plaintext
        Path(os.devnull).write_bytes(plain)
        return hashlib.sha512(plain).hexdigest() if task != "open" else ""

    if task == "sign":
        said = {"alg": "PS512", "kid": KID, "typ": "secevent+jwt"}
        return lambda size: jws.serialize_compact(said, bytes(500), imported, algorithms=["PS512"])
    return seal if task == "seal" else unseal


def jwcrypto(folder, key, task):
    from jwcrypto import jwe, jws  # noqa: PLC0415
    from jwcrypto.jwk import JWK  # noqa: PLC0415

    imported = JWK.from_pyca(key)
    header = json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": CTY})

    def seal(size):
        token = jwe.JWE((folder / f"plain-{size}").read_bytes(), protected=header, recipient=imported)
        Path(os.devnull).write_bytes(token.serialize(compact=True).encode())

    def unseal(size):
        token = jwe.JWE()
        token.deserialize((folder / f"sealed-{size}").read_text("ascii"))
        token.decrypt(imported, max_plaintext=1 << 30)
        Path(os.devnull).write_bytes(token.payload)
        return hashlib.sha512(token.payload).hexdigest() if task != "open" else ""

    def sign(_):
        token = jws.JWS(bytes(500))
        token.add_signature(imported, protected=json.dumps({"alg": "PS512", "kid": KID, "typ": "secevent+jwt"}))
        return token.serialize(compact=True)

    return {"seal": seal, "sign": sign}.get(task, unseal)


if __name__ == "__main__":
    main()
