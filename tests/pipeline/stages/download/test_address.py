from __future__ import annotations

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.address import is_public, permitted, resolve


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::5"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
        "",
    ],
)
def test_an_address_of_a_private_or_special_network_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_an_ipv4_mapped_public_address_is_judged_as_the_ipv4_address() -> None:
    assert is_public("::ffff:8.8.8.8")


def test_of_mixed_addresses_only_the_public_ones_remain_in_order() -> None:
    offered = ["10.0.0.1", "2606:4700::1", "127.0.0.1", "8.8.8.8"]
    assert permitted("mixed.test", offered, allow_private=False) == ["2606:4700::1", "8.8.8.8"]


def test_a_host_with_only_private_addresses_is_refused_by_name() -> None:
    with pytest.raises(StageError, match=r"inner\.test is not a public address") as error:
        permitted("inner.test", ["10.0.0.1"], allow_private=False)
    assert error.value.error_type == "forbidden_address"


def test_an_operator_may_allow_private_addresses() -> None:
    assert permitted("inner.test", ["10.0.0.1"], allow_private=True) == ["10.0.0.1"]


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001"])
def test_unusual_ways_to_write_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(StageError):
        permitted(host, resolve(host, 80), allow_private=False)
