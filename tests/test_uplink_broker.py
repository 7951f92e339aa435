"""Addresses of brokers."""

import pytest

from agent.uplink.broker import Broker, parse


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtts://broker.example", Broker("broker.example", 8883, is_tls=True)),
        ("mqtts://broker.example:443/", Broker("broker.example", 443, is_tls=True)),
        ("mqtt://10.0.0.1", Broker("10.0.0.1", 1883, is_tls=False)),
        ("mqtts://[2001:db8::1]:8884", Broker("2001:db8::1", 8884, is_tls=True)),
    ],
)
def test_addresses_are_read(url, broker):
    """Host, port and TLS come from the URL, the port by default from the scheme."""
    assert parse(url, insecure=True) == broker


@pytest.mark.parametrize(
    "url",
    ["broker.example", "http://b", "mqtts://", "mqtts://b:99999", "mqtts://b:0", "mqtts://b:x",
     "mqtts://b/path", "mqtts://user:pw@b", "mqtts://b?x=1", "mqtts://[::1"],
)  # fmt: skip
def test_other_addresses_are_errors_that_say_what_is_allowed(url):
    """Anything else is refused with the allowed form, and a password is not repeated."""
    with pytest.raises(ValueError, match="mqtts://host") as raised:
        parse(url, insecure=True)
    assert "pw" not in str(raised.value).replace("password", "")


def test_no_tls_needs_insecure():
    """An address without TLS is refused unless that is allowed."""
    with pytest.raises(ValueError, match="insecure"):
        parse("mqtt://b", insecure=False)


def test_address_reads_as_people_write_it():
    """An IPv6 address stands in brackets."""
    assert str(Broker("2001:db8::1", 8883, is_tls=True)) == "[2001:db8::1]:8883"
