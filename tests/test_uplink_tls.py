"""TLS against a real mosquitto: what connects, what does not, and what the technician reads then."""

import queue
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from outgoing import Agent, Waiting

from agent.uplink.link import LinkDown, LinkUp
from agent.uplink.settings import UplinkSettings

CONFIG = """
[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = anything
copy_extensions = copy
[anything]
commonName = supplied
"""


@dataclass(frozen=True)
class Authority:
    """A certification authority in a folder."""

    folder: Path

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def __post_init__(self) -> None:
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "openssl.cnf").write_text(CONFIG)
        self.openssl("req", "-x509", "-subj", "/CN=Test CA", "-days", "2", "-keyout", "ca.key",
                     "-out", "ca.pem", *NEW_KEY)  # fmt: skip

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(
        self,
        name: str,
        alternative: str,
        since: str = "20200101000000Z",
        until: str = "20491231235959Z",
    ) -> tuple[str, str]:
        """Paths of a new certificate and its key."""
        self.openssl("req", "-new", "-subj", f"/CN={name}", "-addext",
                     f"subjectAltName={alternative}", "-keyout", f"{name}.key", "-out",
                     f"{name}.csr", *NEW_KEY)  # fmt: skip
        self.openssl("ca", "-batch", "-config", "openssl.cnf", "-cert", "ca.pem", "-keyfile",
                     "ca.key", "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext",
                     "-startdate", since, "-enddate", until)  # fmt: skip
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki") / "known")


@pytest.fixture
def tls_broker(mosquitto, authority):
    """Start a mosquitto with a certificate of its own."""

    def make(certificate, *lines):
        cert, key = certificate
        return mosquitto(
            "allow_anonymous true",
            f"cafile {authority.ca_file}",
            f"certfile {cert}",
            f"keyfile {key}",
            *lines,
        )

    return make


def settings(broker, **more):
    return UplinkSettings((f"mqtts://127.0.0.1:{broker.port}",), **more)


def reason(configured):
    """The reason of the first failure."""
    agent = Agent(configured)
    down = agent.news.next()
    agent.stop()
    assert isinstance(down, LinkDown), down
    return down.reason


def test_client_certificate_is_shown_and_events_arrive(tls_broker, authority, make_event):
    """With certificates on both sides the link comes up in MQTT 5 and delivers."""
    broker = tls_broker(authority.issue("good", "IP:127.0.0.1"), "require_certificate true")
    cert, key = authority.issue("device", "DNS:device")
    configured = settings(broker, ca_file=authority.ca_file, cert_file=cert, key_file=key)
    agent = Agent(configured, Waiting(*[make_event(n) for n in range(1, 101)]))
    messages = agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert isinstance(messages[0], LinkUp)
    assert messages[0].protocol == "5"
    assert not agent.events.items


def test_missing_client_certificate_is_named(tls_broker, authority):
    """A broker that wants a certificate of the device: the reason says so."""
    broker = tls_broker(authority.issue("wanting", "IP:127.0.0.1"), "require_certificate true")
    assert reason(settings(broker, ca_file=authority.ca_file)) == (
        "the broker wants a certificate of this device"
    )


def test_foreign_client_certificate_is_named(tls_broker, authority, tmp_path):
    """A certificate of another authority is refused by the broker: the reason says so."""
    broker = tls_broker(authority.issue("strict", "IP:127.0.0.1"), "require_certificate true")
    cert, key = Authority(tmp_path / "foreign").issue("device", "DNS:device")
    configured = settings(broker, ca_file=authority.ca_file, cert_file=cert, key_file=key)
    assert reason(configured) == "the broker refuses this device's certificate"


def test_unknown_authority_is_named(tls_broker, authority, tmp_path):
    """A broker of another authority is not connected to, neither with ours nor the system's."""
    broker = tls_broker(authority.issue("mine", "IP:127.0.0.1"))
    other = Authority(tmp_path / "other")
    expected = "the broker's certificate comes from an unknown authority"
    assert reason(settings(broker, ca_file=other.ca_file)) == expected
    assert reason(settings(broker)) == expected


@pytest.mark.parametrize(
    ("name", "dates", "expected"),
    [
        ("expired", ("20200101000000Z", "20210101000000Z"), "has expired"),
        (
            "future",
            ("20480101000000Z", "20491231235959Z"),
            "this device's clock is wrong: the broker's certificate is not valid yet",
        ),
    ],
)
def test_dates_of_a_certificate_are_named(tls_broker, authority, name, dates, expected):
    """An expired certificate and one of the future are told apart; the clock is named for the latter."""
    broker = tls_broker(authority.issue(name, "IP:127.0.0.1", *dates))
    assert expected in reason(settings(broker, ca_file=authority.ca_file))


@pytest.mark.parametrize(
    ("host", "alternative", "expected"),
    [
        ("127.0.0.1", "IP:127.0.0.2", "the broker's certificate is for another address"),
        ("localhost", "DNS:broker.example", "the broker's certificate is for another host name"),
    ],
)
def test_wrong_host_is_named(tls_broker, authority, host, alternative, expected):
    """A certificate for another host or address is not accepted."""
    broker = tls_broker(authority.issue(host, alternative))
    configured = UplinkSettings((f"mqtts://{host}:{broker.port}",), ca_file=authority.ca_file)
    assert reason(configured) == expected


def test_plain_broker_on_a_tls_address_is_named(mosquitto, authority):
    """A broker without TLS at an mqtts:// address is told as such."""
    broker = mosquitto()
    assert "does it speak TLS on this port?" in reason(settings(broker, ca_file=authority.ca_file))


def test_never_falls_back_to_plain(fake_broker, authority):
    """Whatever answers at an mqtts:// address, only TLS is ever sent there."""
    heard = queue.SimpleQueue()

    def play(_broker, sock, _number):
        heard.put(sock.recv(4096)[:1])
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    broker = fake_broker(play)
    configured = UplinkSettings((f"mqtts://127.0.0.1:{broker.port}",), insecure=True)
    agent = Agent(configured, draw=lambda *_: 0.0)
    reasons = {agent.news.next().reason for _ in range(4)}
    agent.stop()
    assert reasons == {"the broker does not speak TLS on this port"}
    assert {heard.get(timeout=5) for _ in range(4)} == {b"\x16"}


def test_tls_broker_on_a_plain_address_is_no_mqtt_broker(tls_broker, authority):
    """An mqtt:// address that wants TLS is reported, and not tried with TLS behind the back."""
    broker = tls_broker(authority.issue("tls-only", "IP:127.0.0.1"))
    configured = UplinkSettings((broker.url,), insecure=True)
    assert reason(configured).startswith("no MQTT broker answers")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(fake_broker, authority):
    """A broker that speaks TLS 1.1 at most is not connected to."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.load_cert_chain(*authority.issue("old", "IP:127.0.0.1"))
    broker = fake_broker(lambda _, sock, __: server.wrap_socket(sock, server_side=True))
    assert reason(settings(broker, ca_file=authority.ca_file)) == (
        "broker and device have no version of TLS in common"
    )


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
def test_unusable_files_are_refusals_that_name_the_keys(authority, key, tmp_path):
    """A missing or broken file is reported as something a person has to mend."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mqtts://127.0.0.1:{server.getsockname()[1]}"
        broken = tmp_path / "broken.pem"
        broken.write_text("no certificate")
        for path in (str(broken), str(tmp_path / "missing.pem")):
            agent = Agent(UplinkSettings((url,), **{key: path}))
            down = agent.news.next()
            agent.stop()
            assert down.is_refused
            assert down.reason.startswith("ca_file, cert_file or key_file cannot be used: ")


PAST, NEXT_YEAR, LONG_AGO = 1_577_836_800.0, 1_830_000_000.0, 1_000_000_000.0  # 2020, 2027, 2001


def test_certificate_of_the_future_is_the_clocks_fault(tls_broker, authority, record_property):
    """Not valid yet: told as the clock's fault with the device's date, and tried again in 30 s."""
    record_property("injections", 1)
    dates = ("20480101000000Z", "20491231235959Z")
    broker = tls_broker(authority.issue("later", "IP:127.0.0.1", *dates))
    pauses = queue.SimpleQueue()

    def wait(seconds):
        pauses.put(seconds)
        return pauses.qsize() > 3

    agent = Agent(settings(broker, ca_file=authority.ca_file), wait=wait, draw=lambda _, high: high)
    down = agent.news.next()
    agent.stop()
    assert (down.part, down.is_refused) == ("uplink.clock", True)
    assert "this device's clock is wrong" in down.reason
    assert "the device's date is 20" in down.reason
    assert pauses.get(timeout=5) <= 30.0


def test_clock_below_the_floor_keeps_no_broker_away(tls_broker, authority, record_property):
    """Where the clock is behind its floor, a certificate from after the floor is accepted."""
    record_property("injections", 1)
    # The device's clock cannot be set back here; a certificate of the future stands for it.
    dates = ("20480101000000Z", "20491231235959Z")
    broker = tls_broker(authority.issue("no-clock", "IP:127.0.0.1", *dates))
    agent = Agent(settings(broker, ca_file=authority.ca_file), floor=lambda: PAST)
    up = agent.news.next()
    agent.stop()
    assert isinstance(up, LinkUp)


@pytest.mark.parametrize(
    ("name", "alternative", "until", "expected"),
    [
        ("lapsed", "IP:127.0.0.1", "20210101000000Z", "the broker's certificate has expired"),
        ("stranger", "IP:127.0.0.2", "20491231235959Z", "is for another address"),
    ],
)
def test_clock_below_the_floor_opens_no_door(
    tls_broker, authority, name, alternative, until, expected
):
    """Without dates, the name and an expiry before the floor are still checked."""
    broker = tls_broker(authority.issue(name, alternative, until=until))
    agent = Agent(settings(broker, ca_file=authority.ca_file), floor=lambda: NEXT_YEAR)
    down = agent.news.next()
    agent.stop()
    assert expected in down.reason
    assert down.is_refused


def test_clock_below_the_floor_trusts_no_other_authority(tls_broker, authority, tmp_path):
    """Without dates, the chain is still checked."""
    broker = tls_broker(authority.issue("unknown", "IP:127.0.0.1"))
    other = Authority(tmp_path / "other").ca_file
    agent = Agent(settings(broker, ca_file=other), floor=lambda: NEXT_YEAR)
    down = agent.news.next()
    agent.stop()
    assert "comes from an unknown authority" in down.reason


def test_link_without_dates_ends_when_the_clock_is_set(tls_broker, authority, record_property):
    """Once the clock is right the link is made anew, and the certificate checked in full."""
    record_property("injections", 1)
    dates = ("20200101000000Z", "20210101000000Z")
    broker = tls_broker(authority.issue("overdue", "IP:127.0.0.1", *dates))
    floors = [LONG_AGO]
    agent = Agent(settings(broker, ca_file=authority.ca_file), floor=lambda: floors[0])
    assert isinstance(agent.news.next(), LinkUp)
    floors[0] = None
    assert "the clock is set" in agent.news.until(LinkDown).reason
    down = agent.news.until(LinkDown)
    agent.stop()
    assert "the broker's certificate has expired" in down.reason


def test_key_that_others_can_read_is_not_used(tls_broker, authority, record_property):
    """An open key file is a refusal that names the command which closes it."""
    record_property("injections", 1)
    broker = tls_broker(authority.issue("careful", "IP:127.0.0.1"), "require_certificate true")
    cert, key = authority.issue("open", "DNS:device")
    Path(key).chmod(0o644)
    configured = settings(broker, ca_file=authority.ca_file, cert_file=cert, key_file=key)
    assert reason(configured).endswith(f"is open to others; fix: chmod o-rwx {key}")
