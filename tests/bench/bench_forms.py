"""Memory and time of a form by its fields: read, made an XSD, compiled. Each figure comes from a process of its own.

Run: python -m tests.bench.bench_forms [--quick]. The fields stand in one row, each with lengths and a pattern. What
grows is the process (libxml2 holds most of it, which Python's own counters do not see), from before the form is read.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gateway.xoev import fim
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall.schema import to_xsd
from tests.xoev import xdf

LIMITS = {"minLength": "1", "maxLength": "120", "pattern": "[A-Z]{2}[0-9]{1,10}"}


def largest() -> int:
    """The most bytes that this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def compiled(fields: int) -> dict[str, Any]:
    """What a form of so many fields costs this process, which did nothing before."""
    data = xdf.form(*(xdf.used(xdf.field(number, given=LIMITS)) for number in range(fields)))
    before, began = largest(), time.process_time()
    form, faults = fim.read(data)
    assert form is not None, faults
    schema, found = compiled_xsd.load(to_xsd(form))
    assert schema is not None, found
    return {"bytes": largest() - before, "seconds": time.process_time() - began}


def cost(fields: int) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_forms", str(fields)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2])
    found: dict[str, Any] = json.loads(out.stdout)
    return found


def forms(*, quick: bool) -> dict[str, Any]:
    """The rows of the benchmark page."""
    few, many = (1_000, 4_000) if quick else (1_000, 10_000)
    small, large = cost(few), cost(many)
    each_small, each_large = small["bytes"] / few, large["bytes"] / many
    return {
        f"{many:,} fields in a row, MB (goal 130)": large["bytes"] / 1e6,
        f"{many:,} fields in a row, processor s": large["seconds"],
        f"bytes a field, {many:,} fields against {few:,}, ratio (goal 2)": each_large / each_small,
    }


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else ""
    line = compiled(int(argument)) if argument.isdigit() else forms(quick=argument == "--quick")
    sys.stdout.write(json.dumps(line) + "\n")
