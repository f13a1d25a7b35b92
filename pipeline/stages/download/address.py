"""Which addresses may be contacted: public ones only, decided on the resolved address (SSRF rule).

The list is our own and not `ipaddress.is_global`, whose answer changed between Python releases and which calls some
translated addresses public. Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable

from pipeline.errors import StageError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]  # host name and port -> addresses as text, in order of preference

_NOT_PUBLIC_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, with the metadata service of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments, Oracle's metadata service
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved and broadcast
            "168.63.129.16/32",  # Azure's platform service, public by number only
        ),
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # the only global unicast space there is (RFC 4291)
_NOT_PUBLIC_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo, which embeds an IPv4 address
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which embeds an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(address: str) -> bool:
    """Tell whether an IP address (text; a zone such as `%eth0` is ignored) is reachable for anyone on the Internet.

    IPv4-mapped IPv6 is judged as the IPv4 address in it. Every other way to write an IPv4 address in IPv6
    (compatible, NAT64, 6to4, Teredo) is refused as such. Text that is no address is not public.
    """
    try:
        ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)
        ip = ip.ipv4_mapped
    return not any(ip in network for network in _NOT_PUBLIC_V4)


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host (raises socket.gaierror, UnicodeError for an impossible name)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def permitted(host: str, addresses: Iterable[str], *, allow_private: bool) -> list[str]:
    """Keep the addresses that may be contacted, in their order; raise `forbidden_address` when none is left.

    A host with public and private addresses keeps its public ones: the connection is made to one of those and to
    nothing else, so the others can do no harm.
    """
    offered = list(addresses)
    allowed = offered if allow_private else [address for address in offered if is_public(address)]
    if not allowed:
        raise StageError(
            "forbidden_address",
            f"{host} is not a public address; private networks are refused unless allow_private_addresses is set",
        )
    return allowed
