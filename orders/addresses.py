"""Where somebody calls from, as far as limits count it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

# No address is longer: 45 characters of IPv6 with an embedded IPv4, and the name of an interface.
LONGEST = 64
_HOST_BITS = 64


def network_of(address: str) -> str:
    """Return the network that counts as one caller's: an IPv4 address, or an IPv6 /64; "" for what is no address.

    Whoever has one IPv6 address has the 2**64 of its /64, and could take another for every request (RFC 4291, 2.5.4).
    """
    return _network_of(address) if len(address) <= LONGEST else ""


@lru_cache(4096)
def _network_of(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> _HOST_BITS << _HOST_BITS, 128 - _HOST_BITS)))
