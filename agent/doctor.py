"""What a technician would look at, one check after the other: pure judgement of what was found.

Each check that fails has a command to paste. The exit code is that of the first kind that fails, in
this order: configuration, daemon, hardware, uplink, the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.standing import OPEN, Standing
from agent.texts.words import Pair

FULL_BYTES = 200 << 20  # below this a card is about to be full
SOON_DAYS = 30.0
CONFIGURATION, DAEMON, HARDWARE, UPLINK, REST = 4, 3, 6, 7, 1
ORDER = (CONFIGURATION, DAEMON, HARDWARE, UPLINK, REST)
NEEDED = {"gpio": "/dev/gpiochip0", "dialout": "/dev/ttyUSB0"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found on this device.

    Attributes:
        file: the configuration.
        problems: what is wrong with it; warnings are none.
        digest: SHA-256 of it, in hex.
        release: version that is installed.
        is_active: whether systemd runs the service.
        standing: what the agent says of itself; None where it does not answer.
        groups: of the service's user; None where there is no such user.
        has_chip: whether there is a GPIO chip.
        pins: names of sensors that need one.
        ports: sensor -> its serial port, and whether that is there.
        free_bytes: on the file system of the state folder; None where it cannot be looked at.
        is_writable: whether that file system can be written.
        brokers: each with what keeps it from being reached; empty where it is reached.
        days_left: of this device's certificate; None for none.
        is_throttled: whether the supply has sagged since the boot; None where nobody knows.
    """

    file: str
    problems: Sequence[str]
    digest: str
    release: str
    is_active: bool
    standing: Standing | None
    groups: frozenset[str] | None
    has_chip: bool
    pins: Sequence[str]
    ports: Sequence[tuple[str, str, bool]]
    free_bytes: int | None
    is_writable: bool
    brokers: Sequence[tuple[str, str]]
    days_left: float | None = None
    is_throttled: bool | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: what is well, or what is wrong.
        code: 0 where it is well; else the exit code of its kind.
        command: what to paste where it is not.
    """

    what: Pair
    code: int = 0
    command: str = ""


def judge(facts: Facts) -> list[Check]:
    """Every check, in the order in which they are to be mended."""
    return [
        _configuration(facts), *_daemon(facts), *_groups(facts), *_hardware(facts),
        *_sensors(facts), *_storage(facts), *_uplink(facts), *_clock(facts), *_power(facts),
    ]  # fmt: skip


def exit_code(checks: Sequence[Check]) -> int:
    """That of the gravest kind; 0 where all is well."""
    codes = {check.code for check in checks}
    return next((code for code in ORDER if code in codes), 0)


def _configuration(facts: Facts) -> Check:
    if facts.problems:
        first = facts.problems[0]
        return Check((f"配置无效：{first}", f"The configuration is invalid: {first}"),
                     CONFIGURATION, f"street-agent check {facts.file}")  # fmt: skip
    return Check((f"配置有效 {facts.file}", f"The configuration is valid: {facts.file}"))


def _daemon(facts: Facts) -> list[Check]:
    if not facts.is_active:
        return [Check(("服务未运行", "The service does not run."), DAEMON,
                      "sudo systemctl enable --now street-agent; "
                      "journalctl -u street-agent -n 30")]  # fmt: skip
    standing = facts.standing
    if standing is None:
        return [Check(("程序无应答", "The service runs, and the agent does not answer."), DAEMON,
                      "journalctl -u street-agent -n 30")]  # fmt: skip
    found = [Check(("服务运行中", "The service runs, and the agent answers."))]
    restart = "sudo systemctl restart street-agent"
    if standing.release != facts.release:
        found.append(Check((f"运行的是旧版本 {standing.release}，已安装 {facts.release}",
                            f"Release {standing.release} runs, {facts.release} is installed."),
                           REST, restart))  # fmt: skip
    if facts.digest and standing.config != facts.digest:
        found.append(Check(("配置已修改但未生效", "The configuration has changed since the start."),
                           REST, restart))  # fmt: skip
    return found


def _groups(facts: Facts) -> list[Check]:
    if facts.groups is None:
        return [Check(("没有用户 street-agent", "There is no user street-agent."), REST,
                      "sudo useradd --system --no-create-home --groups gpio,dialout street-agent"
                      )]  # fmt: skip
    needed = {"gpio"} if facts.pins else set()
    needed |= {"dialout"} if facts.ports else set()
    missing = sorted(needed - facts.groups)
    if missing:
        names = ", ".join(missing)
        return [Check((f"用户 street-agent 不在组 {names}", f"User street-agent lacks: {names}."),
                      HARDWARE, f"sudo usermod -aG {','.join(missing)} street-agent && "
                      "sudo systemctl restart street-agent")]  # fmt: skip
    return [Check(("用户权限正常", "The user has the groups that it needs."))]


def _hardware(facts: Facts) -> list[Check]:
    found = []
    if facts.pins and not facts.has_chip:
        found.append(
            Check(("没有GPIO", "There is no GPIO chip."), HARDWARE, "ls -l /dev/gpiochip*")
        )
    for name, port, is_there in facts.ports:
        if not is_there:
            found.append(Check((f"{name} 的串口不存在：{port}", f"{name}: no port {port}."),
                               HARDWARE, "ls -l /dev/serial/by-id/; dmesg | tail"))  # fmt: skip
    return found or [Check(("硬件接口正常", "Pins and ports are there."))]


def _sensors(facts: Facts) -> list[Check]:
    if facts.standing is None:
        return []
    down = [one for one in facts.standing.sensors if one.status != OPEN]
    found = []
    for one in down:
        reason = f": {one.reason}" if one.reason else ""
        what = (f"{one.name} {one.status}{reason}", f"{one.name} is {one.status}{reason}")
        found.append(Check(what, HARDWARE, "street-agent status"))
    return found or [Check(("全部传感器有读数", "Every sensor reads."))]


def _storage(facts: Facts) -> list[Check]:
    if facts.free_bytes is None:
        return [Check(("状态目录不可用", "The state folder cannot be looked at."), REST,
                      "ls -ld /var/lib/street-agent; sudo dmesg | tail")]  # fmt: skip
    if not facts.is_writable:
        what = ("存储只读，存储卡可能损坏", "The disk is read-only: the card may be failing.")
        return [Check(what, REST, "sudo dmesg | grep -i -E 'mmc|ext4' | tail")]
    mib = facts.free_bytes >> 20
    if facts.free_bytes < FULL_BYTES:
        return [Check((f"存储仅剩 {mib} MiB", f"Only {mib} MiB are free."), REST,
                      "sudo journalctl --vacuum-size=50M; df -h /")]  # fmt: skip
    return [Check((f"存储可用 {mib} MiB", f"{mib} MiB are free."))]


def _uplink(facts: Facts) -> list[Check]:
    found = []
    unreached = [(name, why) for name, why in facts.brokers if why]
    if len(unreached) == len(facts.brokers):
        found += [
            Check((f"无法连接 {name}：{why}", f"{name} cannot be reached: {why}"), UPLINK,
                  f"ping -c 3 {name.rpartition(':')[0].strip('[]')}; ip route; resolvectl status")
            for name, why in unreached
        ]  # fmt: skip
    elif facts.brokers:
        found.append(Check(("平台可达", "The platform can be reached.")))
    up = facts.standing.uplink if facts.standing else None
    if up is not None and not up.is_linked:
        what = (f"未登录平台：{up.reason}", f"The agent has no link: {up.reason}")
        found.append(Check(what, UPLINK, "journalctl -u street-agent -n 30"))
    if facts.days_left is not None and facts.days_left < SOON_DAYS:
        days = f"{facts.days_left:.0f}"
        found.append(Check((f"设备证书还有 {days} 天到期", f"The certificate ends in {days} days."),
                           UPLINK, "ls -l /etc/street-agent/keys"))  # fmt: skip
    return found


def _clock(facts: Facts) -> list[Check]:
    if facts.standing is None:
        return []
    if facts.standing.clock != "synced":
        return [Check(("时钟未同步", "The clock has not been set from the network."), REST,
                      "timedatectl timesync-status")]  # fmt: skip
    return [Check(("时钟已同步", "The clock is right."))]


def _power(facts: Facts) -> list[Check]:
    if not facts.is_throttled:
        return []
    return [Check(("供电不足，请更换电源", "The supply has sagged: use a better one."), HARDWARE,
                  "vcgencmd get_throttled")]  # fmt: skip
