from __future__ import annotations

import click
import pytest

from pipemeter.addresses import server_address
from tests.pipemeter.conftest import Pipemeter


@pytest.mark.parametrize(("verb", "option"), [("alerts test", "--url"), ("status", "--prometheus")])
def test_an_address_that_is_none_is_bad_usage(pipemeter: Pipemeter, verb: str, option: str) -> None:
    done = pipemeter(*verb.split(), option, "http://[::1")
    assert done.code == 2
    assert "has to begin with http:// or https:// and to name a host" in done.err


@pytest.mark.parametrize(
    "address", ["localhost:9093", "http://[::1", "http://a:99999", "http://", "http:// x", "ftp://a"]
)
def test_an_address_has_a_scheme_a_host_and_a_port_that_can_be(address: str) -> None:
    with pytest.raises(click.UsageError, match="such as http://usual:1"):
        server_address(address, "NO_SUCH_VARIABLE", "http://usual:1", "Alertmanager")
    assert server_address(None, "NO_SUCH_VARIABLE", "http://usual:1", "Alertmanager") == "http://usual:1"
