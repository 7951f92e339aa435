"""TLS for the link, and its failures in words for a technician."""

from __future__ import annotations

import re
import socket
import ssl

from agent.uplink.settings import UplinkSettings

# X509_V_ERR_* of openssl's x509_vfy.h
VERIFY = {
    9: "the broker's certificate is not valid yet: is this device's clock right?",
    10: "the broker's certificate has expired",
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
CERTIFICATE = "the broker refuses this device's certificate"

# Names of openssl's reasons (sslerr.h), as Python's ssl shows them.
REASONS = {
    "WRONG_VERSION_NUMBER": NOT_TLS,
    "HTTP_REQUEST": NOT_TLS,
    "RECORD_LAYER_FAILURE": NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": NOT_TLS,
    "UNSUPPORTED_PROTOCOL": NO_COMMON,
    "TLSV1_ALERT_PROTOCOL_VERSION": NO_COMMON,
    "NO_PROTOCOLS_AVAILABLE": NO_COMMON,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the broker wants a certificate of this device",
    "TLSV1_ALERT_UNKNOWN_CA": CERTIFICATE,
    "SSLV3_ALERT_BAD_CERTIFICATE": CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "this device's certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "this device's certificate is revoked",
}


def context(settings: UplinkSettings) -> ssl.SSLContext:
    """Read authority, certificate and key; renewed files are seen at the next connection.

    Raises:
        OSError: one of the files is missing or is not what it should be.
    """
    made = ssl.create_default_context(cafile=settings.ca_file or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file:
        # An empty password: a key that needs one is an error, not a question on the terminal.
        made.load_cert_chain(settings.cert_file, settings.key_file or None, password="")
    return made


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


def explain_text(text: str) -> str:
    """Find openssl's reason in a line of text, for errors of which a library keeps only that.

    Returns:
        An empty string where there is none.
    """
    found = re.search(r"\[SSL: (\w+)\]", text)
    return REASONS.get(found[1], f"TLS failed: {found[1]}") if found else ""
