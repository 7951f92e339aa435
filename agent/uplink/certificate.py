"""Until when a certificate is valid. Pure.

Python's ssl shows the dates of the peer's certificate and of authorities, not those of a file that
is this device's own. The way to them through DER is short (RFC 5280, section 4.1):

    Certificate SEQUENCE { tbsCertificate SEQUENCE { [0] version OPTIONAL, serialNumber, signature,
        issuer, validity SEQUENCE { notBefore, notAfter }, ...
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
VERSION = 0xA0
SEQUENCE = 0x30
FORMATS = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime, GeneralizedTime


def not_after(pem: str) -> float:
    """When the first certificate of a PEM file expires, in seconds since 1970.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    start, end = pem.find(BEGIN), pem.find(END)
    if start < 0 or end < start:
        raise ValueError("no certificate in PEM")
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(END)])
    try:
        fields = _children(_children(_only(der))[0][1])
        validity = fields[4 if fields[0][0] == VERSION else 3]
        tag, text = _children(validity[1])[1]
        moment = datetime.strptime(text.decode("ascii"), FORMATS[tag]).replace(tzinfo=UTC)
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("no certificate in DER") from error
    return moment.timestamp()


def _only(der: bytes) -> bytes:
    """What a SEQUENCE holds."""
    tag, content = _children(der)[0]
    if tag != SEQUENCE:
        raise ValueError("no certificate in DER")
    return content


def _children(content: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of what stands side by side; tags here fit one byte."""
    found = []
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if at + length > len(content):
            raise ValueError("a certificate in DER is cut short")
        found.append((tag, content[at : at + length]))
        at += length
    return found
