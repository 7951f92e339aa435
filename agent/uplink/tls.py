"""TLS for the link, and its failures in words for a technician.

A device without a clock of its own starts in 1970 or at some moment of the past, and no certificate
is valid then. While the kernel's clock is not set and shows a time before one that is known to be
past (the floor), dates are left to us: openssl checks chain, name and key as ever, and we check
that the broker's certificate had not expired at the floor. See docs/decisions/0008.
"""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

from agent.errors import NotConnected, Refused
from agent.uplink.certificate import not_after
from agent.uplink.secret import check_closed
from agent.uplink.settings import UplinkSettings

NO_CHECK_TIME = (
    0x200000  # X509_V_FLAG_NO_CHECK_TIME of openssl's x509_vfy.h; ssl has no name for it
)
DAY_S = 86_400.0

NOT_YET_VALID = 9  # X509_V_ERR_* of x509_vfy.h
EXPIRED = 10
VERIFY = {
    NOT_YET_VALID: "this device's clock is wrong: the broker's certificate is not valid yet",
    EXPIRED: "the broker's certificate has expired",
    18: "the broker's certificate is signed by itself, not by a known authority",
    19: "the broker's certificate comes from an unknown authority",
    20: "the broker's certificate comes from an unknown authority",
    21: "the broker's certificate comes from an unknown authority",
    23: "the broker's certificate is revoked",
    62: "the broker's certificate is for another host name",
    64: "the broker's certificate is for another address",
}
NOT_TLS = "the broker does not speak TLS on this port"
HUNG_UP = "the broker hung up during the TLS handshake: does it speak TLS on this port?"
NO_COMMON = "broker and device have no version of TLS in common"
WANTED = "the broker wants a certificate of this device"
CERTIFICATE = "the broker refuses this device's certificate"
OWN_EXPIRED = "this device's certificate has expired"
OWN_REVOKED = "this device's certificate is revoked"
LASTING = frozenset({NO_COMMON, WANTED, CERTIFICATE, OWN_EXPIRED, OWN_REVOKED})

# Names of openssl's reasons (sslerr.h), as Python's ssl shows them.
REASONS = {
    "WRONG_VERSION_NUMBER": NOT_TLS,
    "HTTP_REQUEST": NOT_TLS,
    "RECORD_LAYER_FAILURE": NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": NOT_TLS,
    "UNSUPPORTED_PROTOCOL": NO_COMMON,
    "TLSV1_ALERT_PROTOCOL_VERSION": NO_COMMON,
    "NO_PROTOCOLS_AVAILABLE": NO_COMMON,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": WANTED,
    "TLSV1_ALERT_UNKNOWN_CA": CERTIFICATE,
    "SSLV3_ALERT_BAD_CERTIFICATE": CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": OWN_EXPIRED,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": OWN_REVOKED,
}


class ClockWrong(Refused):
    """Nothing is wrong but this device's clock; it may be set at any moment."""


def context(settings: UplinkSettings, *, checks_dates: bool = True) -> ssl.SSLContext:
    """Read authority, certificate and key; renewed files are seen at the next connection.

    Args:
        settings: the files to use.
        checks_dates: False leaves the dates of certificates to `check_dates`.

    Raises:
        OSError: one of the files is missing, is not what it should be, or is open to others.
    """
    made = ssl.create_default_context(cafile=settings.ca_file or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not checks_dates:
        made.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
    if settings.key_file:
        check_closed(settings.key_file)
    if settings.cert_file:
        # An empty password: a key that needs one is an error, not a question on the terminal.
        made.load_cert_chain(settings.cert_file, settings.key_file or None, password="")
    return made


def check_dates(sock: ssl.SSLSocket, floor: float) -> None:
    """Raise Refused for a broker whose certificate had expired at a moment that is surely past.

    That it was issued after the floor only says that it is later by now.
    """
    shown = sock.getpeercert() or {}
    until = shown.get("notAfter")
    if not isinstance(until, str) or ssl.cert_time_to_seconds(until) < floor:
        raise Refused(VERIFY[EXPIRED])


def days_left(settings: UplinkSettings, now: float) -> float | None:
    """For how many days this device's own certificate is still valid; below 0 once expired.

    Reads the file. None: there is none, or it cannot be read, which the link then reports.

    Args:
        settings: where the certificate is.
        now: seconds since 1970, of a clock that is right.
    """
    if not settings.cert_file:
        return None
    try:
        return (not_after(Path(settings.cert_file).read_text("ascii")) - now) / DAY_S
    except (OSError, ValueError):
        return None


def failure(error: OSError) -> NotConnected | Refused:
    """Interpret an error of a socket: what passes by itself, and what a person has to mend."""
    said = explain(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in {NOT_YET_VALID, EXPIRED}:
            said = f"{said} (the device's date is {time.strftime('%Y-%m-%d', time.gmtime())})"
        return (ClockWrong if error.verify_code == NOT_YET_VALID else Refused)(said)
    return Refused(said) if said in LASTING else NotConnected(said)


def explain(error: BaseException) -> str:
    """Say in one short phrase why a connection could not be made."""
    match error:
        case ssl.SSLCertVerificationError():
            unknown = f"the broker's certificate is not accepted: {error.verify_message}"
            said = VERIFY.get(error.verify_code, unknown)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ConnectionResetError():
            said = HUNG_UP
        case ssl.SSLError():
            said = REASONS.get(error.reason or "", f"TLS failed: {error.reason or error}")
        case socket.gaierror():
            said = "the broker's name cannot be resolved"
        case TimeoutError():
            said = "nobody answers at the broker's address"
        case OSError():
            said = (error.strerror or str(error)).lower()
        case _:
            said = f"{type(error).__name__}: {error}"
    return said
