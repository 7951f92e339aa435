"""Dates of certificates: this device's own, and the broker's where the clock cannot be relied on."""

import base64
import calendar
import contextlib
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink import tls
from agent.uplink.certificate import not_after
from agent.uplink.settings import UplinkSettings

DAY_S = 86_400.0
BROKERS = ("mqtts://broker.example",)


@pytest.fixture(scope="module")
def make_certificate(tmp_path_factory):
    """A self-signed certificate made by openssl, that many days valid; its path."""
    folder = tmp_path_factory.mktemp("own")

    def make(days: int, key: str = "ec") -> Path:
        path = folder / f"{key}-{days}.pem"
        kind = ("-newkey", "rsa:2048") if key == "rsa" else (
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")  # fmt: skip
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", *kind, "-keyout", folder / "key.pem",
             "-subj", "/CN=device", "-days", str(days), "-out", path],
            check=True, capture_output=True,
        )  # fmt: skip
        return path

    return make


def expiry(path):
    """What openssl says."""
    said = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-enddate"], check=True,
                          capture_output=True, text=True)  # fmt: skip
    return ssl.cert_time_to_seconds(said.stdout.strip().removeprefix("notAfter="))


@pytest.mark.parametrize("key", ["ec", "rsa"])
@pytest.mark.parametrize("days", [1, 365, 20_000], ids=["day", "UTCTime", "GeneralizedTime"])
def test_expiry_is_what_openssl_says(make_certificate, days, key):
    """Both ways in which a certificate may write its dates are read."""
    path = make_certificate(days, key)
    assert not_after(path.read_text()) == expiry(path)


def test_text_around_and_behind_a_certificate_is_skipped(make_certificate):
    """In a file with a chain and remarks the first certificate counts."""
    first, second = make_certificate(1), make_certificate(365)
    assert not_after(f"device\n{first.read_text()}\n{second.read_text()}") == expiry(first)


def test_damaged_certificate_is_an_error(make_certificate):
    """Cut or altered at any place of its first part, a certificate is an error or still a date."""
    pem = make_certificate(1).read_text()
    lines = pem.splitlines()
    for count in range(1, len(lines) - 1):
        with pytest.raises(ValueError, match=r"certificate|padding|base64"):
            not_after("\n".join([*lines[:count], lines[-1]]))
    with pytest.raises(ValueError, match="no certificate"):
        not_after("")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_date_or_a_value_error(data):
    """No bytes raise anything but ValueError."""
    body = base64.encodebytes(data).decode()
    with contextlib.suppress(ValueError):
        not_after(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("days", [30, 7, 0, -1])
def test_days_left_of_this_devices_certificate(make_certificate, days, record_property):
    """Thirty and seven days before, on the day and after it, the days left are right."""
    record_property("injections", 1)
    path = make_certificate(365)
    settings = UplinkSettings(BROKERS, cert_file=str(path))
    left = tls.days_left(settings, expiry(path) - days * DAY_S)
    assert left == pytest.approx(days)


def test_days_left_without_a_readable_certificate(tmp_path):
    """No certificate, none there and none in the file: nothing is claimed."""
    (tmp_path / "broken.pem").write_bytes(b"\xff\x00")
    for name in ("", str(tmp_path / "missing.pem"), str(tmp_path / "broken.pem")):
        settings = UplinkSettings(BROKERS, cert_file=name)
        assert tls.days_left(settings, calendar.timegm((2026, 11, 1, 0, 0, 0))) is None
