"""Wrong configurations and exactly what is said about each; run as a script, it prints the table."""

from __future__ import annotations

from agent.config.load import parse
from agent.errors import ConfigError

HOME = """\
[site]
id = "gz-hp-0001"
profile = "home"
timezone = "Asia/Shanghai"
place = { zh = "萝岗街一号户", en = "Household 1" }
consent = { given_by = "resident", on = 2026-11-01 }

[uplink]
brokers = ["mqtts://broker.example:8883"]

[[sensor]]
name = "bedroom-pir"
driver = "pir"
role = "bedroom"
pin = 17

[[sensor]]
name = "front-door"
driver = "door_contact"
role = "front-door"
pin = 23

[detector.waterlogging]
blue_mm = 100
"""

SENSOR = HOME[HOME.index("[[sensor]]") : HOME.index("[detector")]
BROKERS = '["mqtts://broker.example:8883"]'
CONSENT = 'consent = { given_by = "resident", on = 2026-11-01 }'
ROLES = (
    "bedroom, bathroom, kitchen, living, work, hall, entry, front-door, cabinet, roadside, outfall"
)

# what is wrong: the good line, what stands there instead, what is said
CHANGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown key of a sensor": (
        'role = "bedroom"',
        'rol = "bedroom"',
        ('14:1: sensor.rol: unknown key; did you mean "role"?',),
    ),
    "unknown key like nothing there is": (
        "pin = 17",
        "pin = 17\nxyz = 1",
        ("16:1: sensor.xyz: unknown key; allowed: name, driver, role, pin, output",),
    ),
    "key in the wrong case": (
        "brokers = ",
        "Brokers = ",
        ('9:1: uplink.Brokers: unknown key; did you mean "brokers"?',),
    ),
    "unknown table": (
        "[uplink]",
        "[upling]",
        ('8:2: upling: unknown table; did you mean "uplink"?',),
    ),
    "tables of the wrong name": (
        "[[sensor]]",
        "[[sensors]]",
        ('11:3: sensors: unknown table; did you mean "sensor"?',),
    ),
    "unknown detector": (
        "[detector.waterlogging]",
        "[detector.waterloging]",
        ('23:11: detector.waterloging: unknown detector; did you mean "waterlogging"?',),
    ),
    "key missing": (
        "pin = 17\n",
        "",
        ("11:1: sensor.pin: missing; allowed: a whole number 0 to 27 (BCM numbers)",),
    ),
    "table missing": (
        f"[uplink]\nbrokers = {BROKERS}\n",
        "",
        ("1:1: uplink: missing; allowed: [uplink] with brokers",),
    ),
    "no sensor": (SENSOR, "", ("1:1: sensor: missing; allowed: at least one [[sensor]]",)),
    "one [sensor] instead of [[sensor]]": (
        SENSOR,
        '[sensor]\nname = "a"\n\n',
        ("11:1: sensor: found a table, allowed: [[sensor]], one for each",),
    ),
    "text where a number belongs": (
        "pin = 17",
        'pin = "17"',
        ('15:7: sensor.pin: found "17" (text), allowed: a whole number 0 to 27 (BCM numbers)',),
    ),
    "fraction where a whole number belongs": (
        "pin = 17",
        "pin = 17.5",
        ("15:7: sensor.pin: found 17.5 (number), allowed: a whole number 0 to 27 (BCM numbers)",),
    ),
    "number where text belongs": (
        'id = "gz-hp-0001"',
        "id = 1",
        ('2:6: site.id: found 1 (number), allowed: text in "quotes"',),
    ),
    "number where true or false belongs": (
        "[uplink]",
        "[uplink]\ninsecure = 1",
        ("9:12: uplink.insecure: found 1 (number), allowed: true or false",),
    ),
    "text where a list belongs": (
        BROKERS,
        '"mqtts://broker.example:8883"',
        (
            '9:11: uplink.brokers: found "mqtts://broker.example:8883" (text), allowed: '
            'a list: text in "quotes"',
        ),
    ),
    "text where a date belongs": (
        "on = 2026-11-01",
        'on = "yesterday"',
        ('6:41: site.consent.on: found "yesterday" (text), allowed: a date such as 2026-11-01',),
    ),
    "date where text belongs": (
        'name = "bedroom-pir"',
        "name = 2026-11-01",
        ('12:8: sensor.name: found 2026-11-01 (date), allowed: text in "quotes"',),
    ),
    "pin that does not exist": (
        "pin = 17",
        "pin = 40",
        ("15:7: sensor.pin: 40 is outside 0 to 27 (BCM numbers)",),
    ),
    "pin used twice": (
        "pin = 23",
        "pin = 17",
        ("21:7: sensor.pin: pin 17 is used twice, first in line 15",),
    ),
    "sensor name used twice": (
        '"front-door"\ndriver',
        '"bedroom-pir"\ndriver',
        ('18:8: sensor.name: "bedroom-pir" is used twice, first in line 12',),
    ),
    "sensor name that cannot stand in a topic": (
        'name = "bedroom-pir"',
        'name = "Bedroom/+"',
        ('12:8: sensor.name: found "Bedroom/+", allowed: a-z 0-9 -, a letter first, at most 40',),
    ),
    "unknown driver": (
        'driver = "pir"',
        'driver = "door_contct"',
        ('13:10: sensor.driver: unknown driver "door_contct"; did you mean "door_contact"?',),
    ),
    "unknown role": (
        'role = "bedroom"',
        'role = "bedrom"',
        (f'14:8: sensor.role: found "bedrom"; did you mean "bedroom"? allowed: {ROLES}',),
    ),
    "unknown profile": (
        'profile = "home"',
        'profile = "hom"',
        ('3:11: site.profile: found "hom"; did you mean "home"? allowed: home, street, outfall',),
    ),
    "home without consent": (
        CONSENT + "\n",
        "",
        ('1:1: site.consent: missing; a home needs { given_by = "resident", on = 2026-11-01 }',),
    ),
    "pets that are no yes or no": (
        CONSENT,
        f'{CONSENT}\npets = "cat"',
        ('7:8: site.pets: found "cat" (text), allowed: true or false',),
    ),
    "maintenance in a home": (
        CONSENT,
        f'{CONSENT}\nmaintenance = ["2026-11-25T09:00/2026-11-25T11:30"]',
        (
            "7:15: site.maintenance: only an outfall has windows, and the profile is home; "
            "remove the key",
        ),
    ),
    "pets in a street": (
        'profile = "home"',
        'profile = "street"\npets = true',
        ("4:8: site.pets: only a home has pets, and the profile is street; remove the key",),
    ),
    "site id with a name in it": (
        '"gz-hp-0001"',
        '"陈婆婆"',
        ('2:6: site.id: found "陈婆婆", allowed: 1 to 64 of A-Z a-z 0-9 - _',),
    ),
    "unknown time zone": (
        "Asia/Shanghai",
        "Asia/Shangai",
        ('4:12: site.timezone: unknown time zone "Asia/Shangai"; did you mean "Asia/Shanghai"?',),
    ),
    "place with only one language": (
        'en = "Household 1"',
        'en = ""',
        ("5:31: site.place.en: 0 characters, allowed: 1 to 120",),
    ),
    "line break in a place": (
        "Household 1",
        "House\\nhold",
        (
            '5:31: site.place.en: found "House\\u000ahold", allowed: '
            "text without control characters",
        ),
    ),
    "thresholds out of order": (
        "blue_mm = 100",
        "blue_mm = 100\nyellow_mm = 300\norange_mm = 200",
        ("26:13: detector.waterlogging.orange_mm: 200 is not above yellow_mm = 300",),
    ),
    "threshold above the default of the next": (
        "blue_mm = 100",
        "blue_mm = 160",
        ("23:1: detector.waterlogging.yellow_mm: its default 150 is not above blue_mm = 160",),
    ),
    "threshold that is no number": (
        "blue_mm = 100",
        "blue_mm = nan",
        ("24:11: detector.waterlogging.blue_mm: found nan, allowed: a number",),
    ),
    "broker without TLS": (
        "mqtts://broker.example:8883",
        "mqtt://broker.example",
        (
            '9:12: uplink.brokers: "mqtt://broker.example" is not encrypted; allowed: mqtts://, '
            "or insecure = true",
        ),
    ),
    "broker of another kind": (
        "mqtts://broker.example:8883",
        "https://broker.example",
        ('9:12: uplink.brokers: found "https://broker.example", allowed: mqtts://host:8883',),
    ),
    "broker's port": (
        ":8883",
        ":88830",
        (
            '9:12: uplink.brokers: found "mqtts://broker.example:88830", allowed: '
            "mqtts://host:8883, port 1 to 65535",
        ),
    ),
    "password in an address, which is not repeated": (
        "mqtts://broker",
        "mqtts://me:secret@broker",
        ("9:12: uplink.brokers: has credentials in it; allowed: username and password_file",),
    ),
    "no broker": (BROKERS, "[]", ("9:11: uplink.brokers: 0 brokers, allowed: 1 to 8",)),
    "wildcard in the prefix": (
        "[uplink]",
        '[uplink]\nprefix = "street/+/"',
        ('9:10: uplink.prefix: found "street/+/", allowed: no wildcards + and #',),
    ),
    "key without certificate": (
        "[uplink]",
        '[uplink]\nkey_file = "/etc/street-agent/key.pem"',
        ("9:12: uplink.key_file: needs cert_file, the certificate that it belongs to",),
    ),
    "password where its file belongs, not repeated": (
        "[uplink]",
        '[uplink]\nusername = "gz"\npassword_file = "secret"',
        ("10:17: uplink.password_file: not a path; allowed: one that begins with /",),
    ),
    "keep-alive of nothing": (
        "[uplink]",
        "[uplink]\nkeepalive_s = 0",
        ("9:15: uplink.keepalive_s: 0 is outside 5 to 3600",),
    ),
    "key set twice": (
        "pin = 17",
        "pin = 17\npin = 18",
        ("16:1: sensor.pin: set twice, first in line 15",),
    ),
    "table opened twice": (
        "[detector.waterlogging]",
        "[site]",
        ("23:2: site: set twice, first in line 1",),
    ),
    "text without quotes": (
        'role = "bedroom"',
        "role = bedroom",
        ('14:8: not TOML: found bedroom, allowed: text in "quotes", a number, true',),
    ),
    "Chinese quotes": (
        'role = "bedroom"',
        "role = “bedroom”",
        ('14:8: not TOML: found “, allowed: "',),
    ),
    "Chinese brackets": (
        "[uplink]",
        "【uplink】",
        ("8:1: not TOML: found 【, allowed: [",),
    ),
    "Chinese space": (
        'role = "bedroom"',
        '\u3000role = "bedroom"',
        ("14:1: not TOML: found a Chinese space, allowed: an ordinary one",),
    ),
    "comment after a wrong value": (
        'role = "bedroom"',
        "role = bedroom # of the two",
        ('14:8: not TOML: found bedroom, allowed: text in "quotes", a number, true',),
    ),
    "no value": (
        'role = "bedroom"',
        "role = # which?",
        ('14:8: not TOML: found nothing, allowed: text in "quotes", a number, true',),
    ),
    "quote not closed": (
        'role = "bedroom"',
        'role = "bedroom',
        ("14:16: not TOML: the line ends before the closing quote",),
    ),
    "bracket not closed": (
        "[uplink]",
        "[uplink",
        ("8:8: not TOML: expected ']' at the end of a table declaration",),
    ),
    "lists without end": (
        "pin = 17",
        "pin = " + "[" * 100_000,
        ("15:21: nested too deeply, allowed: 16 levels",),
    ),
    "number without end": (
        "pin = 17",
        "pin = " + "1" * 5000,
        ("15:7: not TOML: a number of thousands of digits",),
    ),
    "several at once, in the order of the file": (
        'role = "front-door"\npin = 23',
        'role = "front-dor"\npin = 99\ncontact = "open"\n[store]\nreadings_mib = 0\nfoldr = ""',
        (
            f'20:8: sensor.role: found "front-dor"; did you mean "front-door"? allowed: {ROLES}',
            "21:7: sensor.pin: 99 is outside 0 to 27 (BCM numbers)",
            '22:11: sensor.contact: found "open", allowed: normally_open, normally_closed',
            "24:16: store.readings_mib: 0 is outside 8 to 65536",
            '25:1: store.foldr: unknown key; did you mean "folder"?',
        ),
    ),
}

# what is wrong: the whole file, what is said
FILES: dict[str, tuple[bytes, str]] = {
    "nothing at all": (b"", "1:1: the file is empty; a configuration begins with [site]"),
    "only comments": (b"# soon\n", "1:1: the file is empty; a configuration begins with [site]"),
    "zero bytes after a power cut": (
        HOME.encode()[:40] + bytes(64),
        "3:16: found a zero byte: the file is damaged",
    ),
    "GBK": (
        HOME.encode("gbk"),
        "5:17: found byte 0xc2, allowed: UTF-8 (the file may be GBK)",
    ),
    "UTF-16": (HOME.encode("utf-16"), "1:1: UTF-16; allowed: UTF-8"),
    "a megabyte": (b"#" * 2**21, "1:1: larger than 1 MiB; a configuration has a few KiB"),
    "a key of 100,000 parts": (
        b"a" + b".a" * 100_000 + b" = 1",
        "1:33: nested too deeply, allowed: 16 levels",
    ),
    "10,000 sensors": (
        HOME.encode() + b'[[sensor]]\nname = "x"\ndriver = "pir"\n' * 10_000,
        "11:1: sensor: 10002 sensors, allowed: at most 64",
    ),
}


def said(text: bytes, name: str = "site.toml") -> list[str]:
    """All that is said about a wrong configuration; nothing about a good one."""
    try:
        parse(text, name)
    except ConfigError as error:
        return str(error).splitlines()
    return []


if __name__ == "__main__":
    for what, (old, new, _) in CHANGES.items():
        print(f"# {what}: {new[:70]!r}")
        print(*said(HOME.replace(old, new).encode()), sep="\n")
    for what, (text, _) in FILES.items():
        print(f"# {what}: {text[:40]!r}")
        print(*said(text), sep="\n")
