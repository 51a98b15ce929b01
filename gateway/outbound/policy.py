"""Which addresses may be reached: public ones, and what the operator allows by name, network or the word loopback.

Knows: the special-purpose ranges and the IPv4 addresses that IPv6 addresses carry inside.
Never does: resolve names, open connections. Standard: RFC 6890, 4291, 6052 (NAT64), 3056 (6to4), 5214 (ISATAP).
Start reading: `AddressPolicy.refuses`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = IPv6Network("::/96")
REFUSED_IPV4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
REFUSED_IPV6 = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"))
"""Inside the global unicast range; whatever lies outside it is refused anyway (2001::/23 holds Teredo, ORCHID)."""


def parse(text: str) -> Address | None:
    """An address literal as in a URL (with or without brackets, scope left out); None for anything else."""
    try:
        return ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def carried(address: Address) -> tuple[Address, ...]:
    """The address and every IPv4 address it may be translated to on the way."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour:
        return address, address.sixtofour
    if address in NAT64:
        return (low,)
    if address in IPV4_COMPATIBLE and int(address) > 1:
        return (low,)
    isatap = (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE
    return (address, low) if isatap else (address,)


def is_public(address: Address) -> bool:
    """Whether the address, and all it carries, is reachable by everybody."""
    return all(_is_public(part) for part in carried(address))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in REFUSED_IPV4)
    return address in GLOBAL_UNICAST and not any(address in network for network in REFUSED_IPV6)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rule of one gateway. `hosts` are lower-case names; `networks` are allowed though not public."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = field(default=())

    @classmethod
    def of(cls, allow_private: tuple[str, ...]) -> AddressPolicy:
        """Read the setting `outbound.allow_private`: host names, networks, addresses or the word `loopback`.

        Raises `ValueError` for an entry with a slash that is no network.
        """
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in allow_private:
            if entry == "loopback":
                networks += LOOPBACK
            elif "/" in entry or parse(entry):
                networks.append(ip_network(entry.strip("[]"), strict=False))
            else:
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def refuses(self, host: str, address: Address) -> bool:
        """Whether `host` may not be reached at `address`.

        A host allowed by name may lie in any private network, but link-local, unspecified and multicast addresses
        (where clouds keep their secrets) need their network named.
        """
        parts = carried(address)
        if any(part in network for part in parts for network in self.networks if part.version == network.version):
            return not all(self._network_allows(part) or _is_public(part) for part in parts)
        if is_public(address):
            return False
        if host.lower().rstrip(".") not in self.hosts:
            return True
        return any(part.is_link_local or part.is_unspecified or part.is_multicast for part in parts)

    def _network_allows(self, address: Address) -> bool:
        return any(address in network for network in self.networks if address.version == network.version)
