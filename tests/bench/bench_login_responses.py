"""What an answer of an identity provider costs: processor milliseconds to read it, and to refuse it.

Run: python -m tests.bench.bench_login_responses [--quick]. Prints one JSON object. The refusals are those that must not
tell why a decryption failed; `spread` is the slowest of them by the fastest.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from gateway.bundid.response import ResponseRefused, read
from tests.bundid import responses as made
from tests.bundid.attacks import ATTACKS

ALIKE = ("32 tag", "32b", "32e", "32f", "32i", "32r", "33 uns")


def milliseconds(rounds: int, work: Callable[[], object]) -> float:
    """The median: a round that the machine disturbed does not count."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return round(statistics.median(took) * 1000, 3)


def refuse(answer: bytes, **rules: object) -> None:
    try:
        read(answer, made.rules(**rules))
    except ResponseRefused:
        return
    raise AssertionError(answer)


def login_responses(*, quick: bool) -> dict[str, object]:
    """Figures of reading and of refusing; the goals are those of the login federation."""
    rounds, held = 20 if quick else 300, made.rules()
    encrypted = made.answer(made.genuine())
    plain = made.answer(made.response(made.signed(made.assertion())))
    refusals = {}
    for start in ALIKE:
        name = next(name for name in ATTACKS if name.startswith(start))
        answer, rules = ATTACKS[name].build(), ATTACKS[name].rules
        refusals[name] = milliseconds(rounds, lambda a=answer, r=rules: refuse(a, **r))
    read_ms = milliseconds(rounds, lambda: read(encrypted, held))
    decryption = [took for name, took in refusals.items() if name.startswith("32")]
    return {
        "encrypted_ms": {"value": read_ms, "goal": 6},
        "encrypted_per_second_and_core": {"value": round(1000 / read_ms, 1), "goal": 150},
        "signed_only_ms": milliseconds(rounds, lambda: read(plain, held)),
        "refused_ms": refusals,
        "spread": round(max(decryption) / min(decryption), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(json.dumps(login_responses(quick=parser.parse_args().quick)))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
