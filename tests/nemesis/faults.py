"""The fault catalogue: every line of groups A, B, C, D and F, and what injects it.

A trial is named `module.function` in this folder; a test by its pytest id.
"""

from __future__ import annotations

from outcome import Fault, Pytest, Trial

PROMISES = {
    "P1": "an event is on disk before it is sent and is never lost",
    "P2": "alarms first, never evicted; readings thinned and counted",
    "P3": "silence is itself an event",
    "P4": "contact to PUBACK within 1 s at p99",
    "P5": "back in service within 10 s",
    "P6": "the clock cannot lie",
    "P7": "a bad configuration or release returns by itself",
    "P8": "nothing listens, no secret is readable",
    "P9": "a fault is never an alarm, an alarm never a fault",
    "P10": "one bad sensor, message or rule never stops the rest",
    "P11": "memory, threads, descriptors stay flat",
}
LATER_PROMISES = {
    "P7": "with configuration revisions and releases",
    "P8": "with the unit and its users",
}

CUTS = Trial("power.cuts", bound_s=900, long_bound_s=5400, shards=2, needs_root=True)
CONTROL = Trial("power.control", bound_s=200, needs_root=True)
SYNCS = Trial("kills.syncs", bound_s=400)
WRITES = Trial("kills.writes", bound_s=600, long_bound_s=5400)
PUBACK = Trial("brokers.around_puback", bound_s=500, shards=2)
REFUSED = Trial("brokers.refused", bound_s=250)
TOO_LARGE = Trial("brokers.too_large", bound_s=120)
FORBIDDEN = Trial("brokers.forbidden", bound_s=120)
NO_QOS1 = Trial("brokers.without_qos1", bound_s=120)
SLOW = Trial("brokers.slow", bound_s=200, long_bound_s=600)
BYTES = Trial("storage.full_by_bytes", bound_s=100, needs_root=True)
INODES = Trial("storage.full_by_inodes", bound_s=120, needs_root=True)
FAILING = Trial("storage.failing", bound_s=250)
READ_ONLY = Trial("storage.read_only", bound_s=150, needs_root=True)
READ_ONLY_BOOT = Trial("storage.read_only_at_boot", bound_s=100, needs_root=True)
SHORT = Trial("storage.short", bound_s=120)
SLOW_DISK = Trial("storage.slow", bound_s=300)
SECOND = Trial("storage.second_agent", bound_s=100)
SIGNALS = Trial("process.signals", bound_s=500)


def _tests(*ids: str) -> tuple[Pytest, ...]:
    return (Pytest(tuple(f"tests/{name}" for name in ids)),)


FAULTS = (
    Fault("A1", "power cut at random times", ("P1", "P5"),
          "ext4 shutdown on a loop image, journal not flushed", (CUTS, CONTROL)),
    Fault("A2", "kill at every fsync, rename, write", ("P1", "P5"),
          "strace inject signal=KILL when=N: every N of fsync, fdatasync, rename; every 3rd of writes (long run: every N)", (SYNCS, WRITES)),
    Fault("A3", "torn tail at every byte", ("P1",), "journal cut at every byte of 3 records"),
    Fault("A4", "flipped byte at every offset", ("P1", "P10"), "each byte of one record"),
    Fault("A5", "4 KiB of zeros or FF", ("P1", "P10"), "block in mid-journal overwritten"),
    Fault("A6", "file is empty, a folder, a link, unreadable", ("P1", "P10"), "put in its place"),
    Fault("A7", "disk full by bytes, by inodes", ("P1", "P2", "P9"), "small tmpfs filled up, three times each", (BYTES, INODES)),
    Fault("A8", "EIO on write, on fsync", ("P1", "P9"), "strace inject error=EIO, ENOSPC: fdatasync, fsync, pwrite64", (FAILING,)),
    Fault("A9", "read-only while running, at boot", ("P1", "P9"), "loop image: remount,abort; mount -o ro", (READ_ONLY, READ_ONLY_BOOT)),
    Fault("A10", "short writes", ("P1",), "LD_PRELOAD: every fifth pwrite is short", (SHORT,)),
    Fault("A11", "fsync takes 2 s, 20 s", ("P1", "P4", "P9"), "strace inject delay_enter on every sync", (SLOW_DISK,)),
    Fault("A12", "30 days offline", ("P1", "P2", "P11"), "30 daily volumes, then a broker"),
    Fault("A13", "store exceeds its cap", ("P2", "P11"), "more readings than its bound"),
    Fault("A14", "clock back during rotation", ("P1", "P6"), "segments under a stepped clock"),
    Fault("A15", "two agents on one folder", ("P1",), "a second process", (SECOND,)),
    Fault("B1", "boot at 1970, no network", ("P6",), "clock shim"),
    Fault("B2", "step +10 y, -3 y while running", ("P6", "P9"), "clock shim"),
    Fault("B3", "first sync after 3 days offline", ("P6",), "virtual clock"),
    Fault("B4", "TLS with the clock at 1970", ("P6",), "clock shim"),
    Fault("B5", "DST, zone, TZ unset or invalid", ("P6",), "zones and TZ"),
    Fault("B6", "leap second, 29 Feb, 2038, 49.7 days", ("P6",), "virtual clock"),
    Fault("B7", "suspended for an hour", ("P6", "P9"), "SIGSTOP and a clock that went on"),
    Fault("C1", "no link at boot, for 30 days", ("P1", "P11"), "no broker"),
    Fault("C2", "half-open TCP", ("P1", "P4"), "network namespace, packets dropped"),
    Fault("C3", "30 % loss; 2G-like link", ("P4",), "two TUN devices with delay and loss"),
    Fault("C4", "RST, ICMP prohibited, port closed", ("P10", "P11"), "namespace, nft reject"),
    Fault("C5", "DNS fails, hangs, lies", ("P5", "P10"), "a resolver of our own"),
    Fault("C6", "captive portal", ("P9", "P10"), "a server that answers HTTP 302"),
    Fault("C7", "link flaps for an hour", ("P1", "P11"), "namespace, link down and up"),
    Fault("C8", "IPv6 only, broken IPv6", ("P10",), "listeners on one family"),
    Fault("C9", "MTU 576, large packets lost", ("P1", "P4"), "namespace, drop by size"),
    Fault("D1", "broker killed around PUBACK", ("P1",), "proxy that cuts; kill of mosquitto", (PUBACK,)),
    Fault("D2", "every CONNACK reason code", ("P10",), "fake broker"),
    Fault("D3", "PUBACK with an error code", ("P1", "P10"), "proxy that answers 0x80, 0x87, 0x97, 0x99", (REFUSED,)),
    Fault("D4", "message over the broker's maximum", ("P1", "P10"), "max_packet_size", (TOO_LARGE,)),
    Fault("D5", "quota, ACL, no retain, no QoS 1", ("P1", "P10"), "mosquitto: ACL, retain_available, max_qos; proxy: 0x97", (FORBIDDEN, NO_QOS1, REFUSED)),
    Fault("D6", "duplicate client id", ("P9", "P10"), "a second client"),
    Fault("D7", "wrong certificates, TLS 1.0, plain", ("P8", "P10"), "TLS brokers"),
    Fault("D8", "certificate expires in 30, 7, 0 days", ("P6", "P9"), "certificates and clock"),
    Fault("D9", "credentials revoked mid-session", ("P1", "P10"), "fake broker, DISCONNECT"),
    Fault("D10", "PUBACK after 60 s; receive maximum 1", ("P2", "P4"), "proxy that holds answers for 2 to 9 s; max_inflight_messages 1", (SLOW,)),
    Fault("D11", "hostile bytes", ("P5", "P10"), "fake broker"),
    Fault("D12", "exception in any callback", ("P5", "P10"), "callbacks that raise"),
    Fault("D13", "session lost at the broker", ("P1",), "broker killed without its state"),
    Fault("D14", "downlink repeated, stale, replayed", (), "", later=True),
    Fault("D15", "downlink hostile", (), "", later=True),
    Fault("D16", "downlink flood", (), "", later=True),
    Fault("F1", "signals at random", ("P1", "P5"), "KILL, SEGV, TERM, HUP, PIPE to the process", (SIGNALS,)),
    Fault("F2", "each thread hangs in turn", ("P5",), "sleep in callbacks"),
    Fault("F3", "each thread dies in turn", ("P5", "P10"), "exceptions in threads"),
    Fault("F4", "memory limit hit", ("P1", "P5"), "cgroup or address space limit"),
    Fault("F5", "CPU starved to 5 %", ("P4",), "cgroup quota"),
    Fault("F6", "no descriptors, no threads", ("P5", "P10"), "prlimit"),
    Fault("F7", "log flood, stderr closed", ("P10", "P11"), "repeating fault, closed pipe"),
    Fault("F8", "wrong uid, folder of root, open secret", ("P8",), "modes and owners"),
    Fault("F9", "30 days at 100 times", ("P11",), "soak with random faults"),
)  # fmt: skip
