"""What a signature of a document costs: milliseconds for each format and key, beside the bare private operation.

Run: python -m tests.bench.bench_signatures [--quick]. Prints one JSON object; the document has 2.5 kB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.crypto.keys import generate_ec, generate_root, generate_rsa
from gateway.model import Document, SignatureFormat, SignatureStyle
from gateway.signature import identity, making, signer
from gateway.signature.mechanism import choose

NOW = datetime.now(UTC).replace(microsecond=0)
CONTENT = b"<a>" + b"<b>Stra\xc3\x9fe 12</b>" * 125 + b"</a>"


def milliseconds(rounds: int, work: Callable[[], object]) -> float:
    work()
    began = time.process_time()
    for _ in range(rounds):
        work()
    return round((time.process_time() - began) * 1000 / rounds, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    rounds = 20 if parser.parse_args().quick else 300
    span = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=9)}
    root = generate_root(subject="Bench", serial=1, **span)
    given = {"subject": "Bench", "serial": 2, "root": root, **span}
    jwks = {
        "RSA-4096": generate_rsa("bench-rsa", "verify", **given),
        "P-256": generate_ec("bench-ec", "P-256", **given),
    }
    document = Document(CONTENT, "xfall", "urn:x", "urn:x", "application/xml", hashlib.sha256(CONTENT).hexdigest())
    found = {}
    for name, (private, _) in jwks.items():
        town = signer.local(private, identity.of_jwk(private))
        how = choose(town.identity.public, SignatureFormat.JWS)
        assert how is not None
        found[f"{name} bare"] = milliseconds(rounds, lambda t=town, h=how: t.sign(h, b"x" * 400))
        for each in SignatureFormat:
            style = SignatureStyle(each)
            found[f"{name} {each}"] = milliseconds(
                rounds, lambda t=town, s=style: making.sign(t, document, s, at=NOW, new_id=uuid4())
            )
        found[f"{name} xades inside"] = milliseconds(
            rounds, lambda t=town: making.sign_inside(t, document, at=NOW, new_id=uuid4())
        )
    print(json.dumps(found))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
