"""Which hosts go through the proxy.

Knows: the settings `outbound.proxy` and `outbound.no_proxy`. Never does: I/O. Standard: the usual `no_proxy` notation.
Start reading: `Route.is_direct`.
"""

from __future__ import annotations

from gateway.outbound.policy import LOOPBACK, AddressPolicy, parse


class Route:
    """Which hosts go through the proxy. `no_proxy`: hosts, domains (leading dot or not), networks, or `*` for all."""

    def __init__(self, proxy: str | None, no_proxy: tuple[str, ...]) -> None:
        self._all_direct = proxy is None or "*" in no_proxy
        self._domains = tuple(entry.lower().lstrip("*").lstrip(".") for entry in no_proxy if "/" not in entry)
        nets = tuple(entry for entry in no_proxy if "/" in entry)
        self._networks = (*AddressPolicy.of(nets).networks, *LOOPBACK)

    def is_direct(self, host: str) -> bool:
        """Whether `host` is reached without the proxy; this machine always is."""
        if self._all_direct or host == "localhost":
            return True
        address = parse(host)
        if address is not None:
            return any(address in net for net in self._networks if net.version == address.version) or (
                host.strip("[]") in self._domains
            )
        name = host.lower().rstrip(".")
        return any(name == domain or name.endswith("." + domain) for domain in self._domains if domain)
