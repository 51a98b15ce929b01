"""The sandbox can contradict us: of the gateway it uses what this list names, and nothing else."""

from __future__ import annotations

import grimp

ALLOWED = {
    "gateway.crypto": "a signature or a sealed part is what its standard says, not what we say",
    "gateway.errors": "what the allowed rooms raise",
    "gateway.failpoints": "a test lets the sandbox die, too",
    "gateway.fitconnect.names": "the words of the wire, verbatim",
    "gateway.httpserver": "bounds before anybody is known; no meaning",
    "gateway.input.whole_file": "keys on disk are whole or not there; no meaning",
    "gateway.model": "findings",
    "gateway.outbound": "callbacks leave by the one way out",
    "gateway.xoev.xml": "XML of strangers, read within bounds",
}


def used_by(own):
    """What a sandbox imports beside itself."""
    graph = grimp.build_graph("gateway")
    used = {
        imported
        for module in {own, *graph.find_descendants(own)}
        for imported in graph.find_modules_directly_imported_by(module)
        if not imported.startswith(own)
    }
    assert used, "the graph is empty: this test would say yes to anything"
    return used


def beyond(used, allowed):
    return {module for module in used if not any(module == each or module.startswith(f"{each}.") for each in allowed)}


def test_the_sandbox_uses_what_is_allowed_and_nothing_else():
    assert beyond(used_by("gateway.sandbox"), ALLOWED) == set()


IDENTITY = {
    "gateway.errors": ALLOWED["gateway.errors"],
    "gateway.httpserver": ALLOWED["gateway.httpserver"],
    "gateway.input.whole_file": ALLOWED["gateway.input.whole_file"],
    "gateway.outbound": "metadata of a service provider that its operator trusts",
    "gateway.sandbox": "what every sandbox has: clock, faults, serving",
    "gateway.xoev.xml": ALLOWED["gateway.xoev.xml"],
}


def test_the_identity_sandbox_shares_no_saml_with_us_and_nothing_with_its_sister():
    used = used_by("gateway.sandbox.identity")
    assert beyond(used, IDENTITY) == set()
    assert not any(module.startswith("gateway.sandbox.fitconnect") for module in used)


CATALOGUE = IDENTITY | {"gateway.outbound": "files of an editorial system that the tester names"}


def test_the_catalogue_sandbox_shares_no_catalogue_with_us_and_nothing_with_its_sisters():
    used = used_by("gateway.sandbox.catalogue")
    assert beyond(used, CATALOGUE) == set()
    assert not any(module.startswith(("gateway.sandbox.fitconnect", "gateway.sandbox.identity")) for module in used)
