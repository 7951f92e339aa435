#!/bin/sh
# The device's side of deploy.sh, as root: install or upgrade, return to the release before, tell
# what is there, remove it all. Part of each release; deploy.sh sends its own copy ahead.
#
#   on-device.sh preflight [NAME]             is this root, and can the machine take release NAME?
#                                             Says what is in force. Changes nothing.
#   on-device.sh install ARCHIVE [--site FILE] [--keys FOLDER] [--allow-downgrade] [--allow-list]
#                        [--harden-ssh]
#   on-device.sh rollback | status | settle [--boot]
#   on-device.sh uninstall [--erase]
#   on-device.sh start TOKEN COMMAND...       run one of these detached, its output in a log; again
#                                             with the same TOKEN it does nothing
#   on-device.sh follow BYTES                 that output after BYTES; ends as COMMAND ended
#
# Whenever it is stopped, the device runs the old release or the new one, and settles by itself.
# In /opt/street-agent:
#
#   incoming/                what deploy.sh copies; a copy that was cut goes on where it stopped
#   releases/.NAME.partial   being unpacked and built; nothing refers to it; deleted by the next run
#   releases/NAME            complete and on disk: renamed once its digests have been checked
#   pending/                 a trial: `current` may be at the new release, which has not yet proved
#                            itself. Holds what was in force: the names `from` and `previous` (empty:
#                            none), the configuration, keys, drop-in, and how the agent was.
#                            Made before anything in force is touched, removed after the last step.
#   current, previous        switched by rename
#
# The rule is one: a trial that was interrupted has failed. Whoever finds `pending` and no deployment
# that runs (the next run, or at boot, before the agent starts, street-agent-settle.service) returns
# to `from`. It never has to guess how far the run came: putting back what is in place is harmless.
set -eu
umask 022
export LC_ALL=C

OPT=/opt/street-agent
ETC=/etc/street-agent
STATE=/var/lib/street-agent
SYSTEM=/etc/systemd/system
SITE=$ETC/site.toml
KEYS=$ETC/keys
SERVICE=street-agent.service
BROKERS=$SYSTEM/$SERVICE.d/brokers.conf
COMMAND=/usr/local/bin/street-agent
RUN=/run/street-agent-deploy
FIRMWARE=/boot/firmware
NEEDED_KIB=204800 # a release with its wheels while it is built takes 120 MB
KEPT=3
GATE_S=90    # until every sensor that read before has read, and a link that was up is up
SETTLED_S=10 # an agent that runs for so long is not in a loop of crashes, RestartSec is 2

FAILED=1 USAGE=2 INVALID=4 DENIED=5 ROLLED_BACK=8 BUSY=75

say() { printf '%s\n' "$*"; }
fail() {
    code=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}
has() { command -v "$1" >/dev/null 2>&1; }
on_disk() { sync -f "$1" 2>/dev/null || sync; }

# --- what is here

release_at() { basename "$(readlink "$OPT/$1" 2>/dev/null || true)"; }
program() { echo "$OPT/releases/$1/bin/street-agent"; }
json() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
age_key() { echo "$(json "$1/release.json" version) $(json "$1/release.json" built)"; }

# A release whose files are all as they were built, and whose Python is still there: a newer
# operating system has another one.
is_whole() {
    [ -f "$OPT/releases/$1/digests" ] &&
        (cd "$OPT/releases/$1" && sha256sum --check --quiet --strict digests) >/dev/null 2>&1 &&
        "$OPT/releases/$1/bin/python3" -c 'import agent.cli' 2>/dev/null
}

# --- can this machine take a release?

is_root() {
    [ "$(id -u)" = 0 ] || fail $DENIED "not root: log in as root, or as a user whose sudo asks for no password"
}

preflight() {
    is_root
    # shellcheck disable=SC1091  # the device's own
    . /etc/os-release 2>/dev/null || fail $FAILED "no /etc/os-release: this is not Debian or Raspberry Pi OS"
    case "${ID:-}" in
        debian | raspbian) ;;
        *) fail $FAILED "${PRETTY_NAME:-unknown system}: Debian or Raspberry Pi OS is needed" ;;
    esac
    [ "${VERSION_ID:-99}" -ge 12 ] 2>/dev/null ||
        fail $FAILED "${PRETTY_NAME:-this system} is too old: write the card anew with bookworm (12) or later"
    has python3 || fail $FAILED "no python3: sudo apt-get install python3 python3-venv"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail $FAILED "$(python3 --version) is too old: 3.11 or later is needed"
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        fail $FAILED "python3-venv is missing: sudo apt-get install python3-venv"
    python3 -c 'import struct, sys; sys.exit(struct.calcsize("P") != 8)' ||
        fail $FAILED "32-bit system: write the card anew with the 64-bit Raspberry Pi OS"
    for needed in flock systemctl tar sha256sum; do
        has $needed || fail $FAILED "$needed is missing: this is no Debian with systemd"
    done
    room
    no_trial
}

no_trial() {
    [ ! -e "$ETC/revisions/pending.json" ] ||
        fail $FAILED "a configuration is on trial: first sudo street-agent config confirm, or rollback"
}

free_kib() { df -Pk "$(dirname "$OPT")" | awk 'NR == 2 { print $4 }'; }

room() {
    free=$(free_kib)
    [ "$free" -ge $NEEDED_KIB ] ||
        fail $FAILED "$(dirname "$OPT") has $((free / 1024)) MB free, $((NEEDED_KIB / 1024)) MB are needed: delete something, or use a larger card"
}

# --- a release beside the others

unpack() {
    archive=$1
    name=$(basename "$archive" .tar)
    name=${name#street-agent-}
    partial=$OPT/releases/.$name.partial
    final=$OPT/releases/$name
    rm -rf "$OPT"/releases/.*.partial
    if is_whole "$name"; then
        say "release $name is already on the device"
        refuse_older "$final"
        return
    fi
    room
    say "unpacking $name"
    mkdir -p "$partial"
    said=$(tar -xf "$archive" -C "$partial" --strip-components=1 --no-same-owner 2>&1) ||
        give_up "$archive cannot be unpacked: $(printf '%s' "$said" | head -n 1)"
    verify
    refuse_older "$partial"
    build
    rm -rf "$final" # one that is not whole; what runs is whole, or has been damaged already
    on_disk "$partial"
    mv -T "$partial" "$final"
    on_disk "$OPT"
}

# Before anything in force was touched.
give_up() {
    [ "$(free_kib)" -ge 4096 ] || set -- "the disk is full: $*"
    rm -rf "$OPT"/releases/.*.partial "$OPT/releases/.digests"
    fail $FAILED "$*; the device is as it was"
}

# The name ends in the digest of `digests`, which has that of every file.
verify() {
    [ -f "$partial/digests" ] || give_up "$archive has no digests: it is no release of street-agent"
    digest=$(sha256sum "$partial/digests" | cut -c1-12)
    [ "${name##*-}" = "$digest" ] || give_up "wrong digest: $archive is not the release that its name says"
    (cd "$partial" && sha256sum --check --quiet --strict digests) 2>&1 |
        grep -v WARNING >"$partial.wrong" || true
    wrong=$(head -n 3 "$partial.wrong" | tr '\n' ';')
    rm -f "$partial.wrong"
    [ -z "$wrong" ] || give_up "altered or missing in $archive: $wrong"
    unlisted=$(cd "$partial" && find . -type f ! -name digests | sed 's|^\./||' | sort |
        { cut -c67- digests | sort >"$partial.listed"; comm -23 - "$partial.listed"; })
    rm -f "$partial.listed"
    [ -z "$unlisted" ] || give_up "not in the digests of $archive: $unlisted"
    mv "$partial/digests" "$partial/archive.digests"
}

build() {
    say "building its Python environment"
    said=$(python3 -m venv --system-site-packages --without-pip "$partial" 2>&1) ||
        give_up "python3 -m venv: $(printf '%s' "$said" | tail -n 1)"
    wanted=$partial/wanted.txt
    if python3 -c 'import lgpio' 2>/dev/null; then # as apt has it: made for this board
        sed '/^lgpio==/,/[^\\]$/d' "$partial/requirements.txt" >"$wanted"
    elif find "$partial/wheels" -name "lgpio-*-$(python_tag)-*_$(uname -m).whl" | grep -q .; then
        cp "$partial/requirements.txt" "$wanted"
    else
        give_up "no lgpio for $(python3 --version) on $(uname -m): sudo apt-get install python3-lgpio"
    fi
    own=$(echo "$partial"/wheels/street_agent-*.whl)
    echo "$own --hash=sha256:$(sha256sum "$own" | cut -c1-64)" >>"$wanted"
    # pip runs from the wheel that venv has: a copy of it would be a third of each release.
    said=$("$partial/bin/python3" -I "$(pip_wheel)/pip" --isolated --disable-pip-version-check --quiet \
        install --no-index --no-deps --no-compile --ignore-installed --require-hashes \
        --find-links "$partial/wheels" -r "$wanted" 2>&1) ||
        give_up "this release has no wheels for $(python3 --version) on $(uname -m): $(printf '%s' "$said" | grep -m 1 ERROR)"
    rm -rf "$partial/wheels" "$wanted"
    # Scripts and compiled files name the folder that they will be in.
    grep -rlIF "$partial" "$partial/bin" "$partial/pyvenv.cfg" | while read -r file; do
        [ -L "$file" ] || sed -i "s|$partial|$final|g" "$file"
    done
    "$partial/bin/python3" -m compileall -q -j 0 -s "$partial" -p "$final" "$partial/lib" >/dev/null || true
    (cd "$partial" && find . -type f ! -name digests -exec sha256sum {} +) >"$OPT/releases/.digests"
    mv "$OPT/releases/.digests" "$partial/digests"
    chmod 755 "$partial"
}

python_tag() { python3 -c 'import sys; print("cp%d%d" % sys.version_info[:2])'; }

# Debian keeps the wheels of ensurepip in a folder of their own.
pip_wheel() {
    bundled=$(python3 -c 'import ensurepip; print(ensurepip.__path__[0])')/_bundled
    find /usr/share/python-wheels "$bundled" -name 'pip-*.whl' 2>/dev/null | head -n 1
}

refuse_older() {
    now=$(release_at current)
    if [ -n "$downgrade" ] || [ ! -f "$OPT/releases/$now/release.json" ]; then return; fi
    has_now=$(age_key "$OPT/releases/$now")
    offered=$(age_key "$1")
    [ "$(printf '%s\n%s\n' "$has_now" "$offered" | sort -V | tail -n 1)" = "$offered" ] ||
        give_up "$name ($offered) is older than $now ($has_now): deploy.sh rollback returns to the release before; --allow-downgrade installs it all the same"
}

# --- units, user, board

# Copies: a link into `current` would leave systemd with a name that rotates away.
install_units() {
    for file in "$OPT/releases/$1/units"/*; do
        cmp -s "$file" "$(home_of "$file")" && continue
        place "$file" "$(home_of "$file")" || return 1
        case "$file" in
            */journald.conf) systemctl try-restart systemd-journald || true ;;
            */watchdog.conf) systemctl daemon-reexec || true ;;
        esac
    done
    systemd-sysusers /etc/sysusers.d/street-agent.conf || return 1
    systemd-tmpfiles --create /etc/tmpfiles.d/street-agent.conf || true
}

# Those of one release that another does not have; timers first, or they start what was stopped.
# The unit that runs this is not stopped by it.
remove_units() {
    for file in "$OPT/releases/$1/units"/*.timer "$OPT/releases/$1/units"/*; do
        unit=${file##*/}
        [ -e "$(home_of "$unit")" ] || continue
        if [ -n "${2:-}" ] && [ -f "$OPT/releases/$2/units/$unit" ]; then continue; fi
        case "$unit" in
            street-agent-settle.service) systemctl disable --quiet "$unit" || true ;;
            *.service | *.timer)
                systemctl stop "$unit" || true
                systemctl disable --quiet "$unit" || true
                ;;
        esac
        rm -f "$(home_of "$unit")"
    done
}

home_of() {
    case "${1##*/}" in
        *.sysusers) echo /etc/sysusers.d/street-agent.conf ;;
        *.tmpfiles) echo /etc/tmpfiles.d/street-agent.conf ;;
        journald.conf) echo /etc/systemd/journald.conf.d/street-agent.conf ;;
        watchdog.conf) echo /etc/systemd/system.conf.d/street-agent.conf ;;
        *) echo "$SYSTEM/${1##*/}" ;;
    esac
}

place() {
    mkdir -p "$(dirname "$2")" && install -m 644 "$1" "$2.new" && mv -T "$2.new" "$2"
}

# The service itself is started by `try`, once everything is in place.
enable_units() {
    enabled='' timers=''
    for file in "$OPT/releases/$1/units"/*.service "$OPT/releases/$1/units"/*.timer; do
        if grep -qs '^\[Install\]' "$file"; then enabled="$enabled ${file##*/}"; fi
        case "$file" in *.timer) timers="$timers ${file##*/}" ;; esac
    done
    # shellcheck disable=SC2086  # lists of words
    systemctl enable --quiet $enabled && systemctl start $timers
}

# Whom the agent may speak to: only where brokers have addresses, or where it is asked for.
write_allow_list() {
    "$(program "$1")" allow ${allow_list:+--names} --into "$BROKERS" "$SITE"
}

prepare_board() {
    [ -f "$FIRMWARE/config.txt" ] || return 0
    changed=
    for line in enable_uart=1 dtparam=watchdog=on; do
        grep -qx "$line" "$FIRMWARE/config.txt" && continue
        { cat "$FIRMWARE/config.txt" && printf '[all]\n%s\n' "$line"; } >"$FIRMWARE/config.txt.new"
        on_disk "$FIRMWARE" && mv "$FIRMWARE/config.txt.new" "$FIRMWARE/config.txt"
        changed=yes
    done
    if grep -Eq 'console=(serial0|ttyAMA0|ttyS0),' "$FIRMWARE/cmdline.txt" 2>/dev/null; then
        sed -E 's/console=(serial0|ttyAMA0|ttyS0),[^ ]* ?//g' "$FIRMWARE/cmdline.txt" >"$FIRMWARE/cmdline.txt.new"
        on_disk "$FIRMWARE" && mv "$FIRMWARE/cmdline.txt.new" "$FIRMWARE/cmdline.txt"
        changed=yes
    fi
    on_disk "$FIRMWARE"
    [ -z "$changed" ] || say "the serial port and the hardware watchdog are set up: reboot the Pi for it (sudo reboot)"
}

harden_ssh() {
    file=/etc/ssh/sshd_config.d/street-agent.conf
    printf '%s\n' '# Keys only: written by deploy.sh --harden-ssh.' 'PasswordAuthentication no' \
        'KbdInteractiveAuthentication no' 'PermitRootLogin prohibit-password' 'X11Forwarding no' >"$file.new"
    mv "$file.new" "$file"
    if ! sshd -t; then
        rm -f "$file"
        fail $FAILED "sshd does not take $file: removed, SSH is as it was"
    fi
    systemctl reload ssh || true
    say "SSH takes keys only from now on"
}

# --- the switch

point() {
    rm -f "$OPT/.$1.new"
    ln -s "releases/$2" "$OPT/.$1.new" && mv -T "$OPT/.$1.new" "$OPT/$1" && on_disk "$OPT"
}

begin_trial() {
    trial=$OPT/.pending.new
    rm -rf "$trial"
    mkdir -m 700 "$trial"
    release_at current >"$trial/from"
    release_at previous >"$trial/previous"
    for file in "$SITE" "$KEYS" "$BROKERS"; do
        [ ! -e "$file" ] || cp -a "$file" "$trial/"
    done
    # What it says is kept whatever the exit code: 1 means that something was wrong before, too.
    [ -z "$old" ] || "$(program "$old")" status --json >"$trial/before.json" 2>/dev/null || true
    on_disk "$OPT"
    mv -T "$trial" "$OPT/pending"
    on_disk "$OPT"
}

end_trial() {
    on_disk "$OPT"
    rm -rf "$OPT/.pending.done"
    mv -T "$OPT/pending" "$OPT/.pending.done"
    on_disk "$OPT"
    rm -rf "$OPT/.pending.done"
}

# Put everything back as it was before the trial; `restart` unless the boot will start the agent.
undo_trial() {
    from=$(cat "$OPT/pending/from")
    before=$(cat "$OPT/pending/previous")
    tried=$(release_at current)
    put_back "$OPT/pending/site.toml" "$SITE"
    put_back "$OPT/pending/keys" "$KEYS"
    put_back "$OPT/pending/brokers.conf" "$BROKERS"
    if [ -n "$from" ]; then
        [ "$tried" = "$from" ] || point current "$from"
        if [ -n "$before" ]; then point previous "$before"; else rm -f "$OPT/previous"; fi
        [ "$tried" = "$from" ] || [ -z "$tried" ] || remove_units "$tried" "$from"
        install_units "$from"
        systemctl daemon-reload
        [ "${1:-}" != restart ] || systemctl restart street-agent ||
            say "the old release does not start either: journalctl -u street-agent"
    else
        [ -z "$tried" ] || remove_units "$tried"
        rm -f "$OPT/current" "$OPT/previous" $COMMAND
        rmdir "$SYSTEM/$SERVICE.d" 2>/dev/null || true
        systemctl daemon-reload
    fi
    end_trial
}

put_back() {
    if [ -e "$1" ]; then
        rm -rf "$2.new"
        cp -a "$1" "$2.new" && on_disk "$(dirname "$2")"
        [ ! -d "$2" ] || rm -rf "$2" # a folder cannot be replaced by rename
        mv -T "$2.new" "$2"
    else
        rm -rf "$2"
    fi
    on_disk "$(dirname "$(dirname "$2")")"
}

settle() {
    rm -rf "$OPT/.pending.new" "$OPT/.pending.done"
    [ -d "$OPT/pending" ] || return 0
    from=$(cat "$OPT/pending/from")
    say "a deployment was interrupted: back to ${from:-no release}, as before it"
    undo_trial "$1"
}

put_site() {
    mkdir -p "$ETC"
    install -m 640 -g street-agent "$1" "$SITE.new" && on_disk "$ETC" &&
        mv -T "$SITE.new" "$SITE" && on_disk "$ETC"
}

put_keys() {
    for file in "$1"/*; do
        install -m 600 "$file" "$KEYS/.new" && on_disk "$KEYS" &&
            mv -T "$KEYS/.new" "$KEYS/${file##*/}" || return 1
    done
    on_disk "$KEYS"
}

# As well as before, or, where nothing ran before, answering at all; and not in a loop of crashes.
is_healthy() {
    agent=$(program "$1")
    if [ -s "$OPT/pending/before.json" ]; then
        "$agent" status --against "$OPT/pending/before.json" --within $GATE_S || return 1
    else
        answers "$agent" || { say "street-agent does not answer"; return 1; }
    fi
    starts=$(systemctl show --property NRestarts --value street-agent)
    sleep $SETTLED_S
    if [ "$(systemctl show --property NRestarts --value street-agent)" != "$starts" ] ||
        ! systemctl is-active --quiet street-agent; then
        say "street-agent ends, and is started again and again"
        return 1
    fi
}

# Its sensors may have to be mended: that is the technician's, and no reason to have no agent.
answers() {
    left=$GATE_S
    while [ "$left" -gt 0 ]; do
        code=0
        "$1" status --json >/dev/null 2>&1 || code=$?
        case $code in 0 | 1) return 0 ;; esac
        sleep 1
        left=$((left - 1))
    done
    return 1
}

switch_to() {
    old=$(release_at current)
    is_started='' code=$ROLLED_BACK
    begin_trial
    if try "$1"; then
        end_trial
        return
    fi
    if [ -n "$is_started" ]; then
        say "release $1 is not as well as what was before. What it said last:"
        journalctl -u street-agent -n 15 --no-pager -o cat 2>/dev/null | sed 's/^/    /' || true
    fi
    undo_trial ${is_started:+restart}
    if [ -n "$is_started" ]; then again="${old:+$old runs again}"; else again="${old:+$old runs on}"; fi
    fail $code "$1 was not taken, see above: ${again:-nothing is installed, as before}"
}

# Each step says by itself what went wrong.
try() {
    [ -z "$new_site" ] || put_site "$new_site" || return 1
    [ -z "$new_keys" ] || put_keys "$new_keys" || return 1
    if ! "$(program "$1")" check "$SITE"; then
        say "release $1 does not take this configuration"
        code=$INVALID
        return 1
    fi
    is_started=yes
    if [ -n "$old" ] && [ "$old" != "$1" ]; then
        point previous "$old" || return 1
        remove_units "$old" "$1"
    fi
    point current "$1" && ln -sfn "$OPT/current/bin/street-agent" $COMMAND && install_units "$1" && write_allow_list "$1" && systemctl daemon-reload &&
        enable_units "$1" || return 1
    say "starting $1"
    systemctl restart street-agent || return 1
    is_healthy "$1"
}

# Those in use stay, and the newest of the others up to three in all.
prune() {
    kept=2
    # shellcheck disable=SC2012  # the names are ours
    ls -1t "$OPT/releases" | while read -r each; do
        case "$each" in "$(release_at current)" | "$(release_at previous)") continue ;; esac
        kept=$((kept + 1))
        [ $kept -le $KEPT ] || rm -rf "${OPT:?}/releases/$each"
    done
}

# --- commands

install_release() {
    archive=${1:-}
    [ -n "$archive" ] || fail $USAGE "install needs an archive"
    shift
    new_site='' new_keys='' downgrade='' allow_list='' harden=''
    while [ $# -gt 0 ]; do
        case "$1" in
            --site) new_site=$2; shift ;;
            --keys) new_keys=$2; shift ;;
            --allow-downgrade) downgrade=yes ;;
            --allow-list) allow_list=yes ;;
            --harden-ssh) harden=yes ;;
            *) fail $USAGE "install does not know $1" ;;
        esac
        shift
    done
    preflight
    mkdir -p "$OPT/releases"
    settle restart
    [ -f "${new_site:-$SITE}" ] ||
        fail $INVALID "no $SITE yet: run deploy.sh again with --site FILE (examples: systemd/*.toml)"
    unpack "$archive"
    place "$OPT/releases/$name/units/street-agent.sysusers" /etc/sysusers.d/street-agent.conf
    systemd-sysusers /etc/sysusers.d/street-agent.conf
    install -d -m 755 "$ETC"
    install -d -m 700 "$KEYS"
    install -m 755 "$OPT/releases/$name/on-device.sh" "$OPT/.on-device.sh"
    mv "$OPT/.on-device.sh" "$OPT/on-device.sh"
    if [ -n "$new_site" ] && cmp -s "$new_site" "$SITE"; then new_site=; fi
    if [ -n "$new_keys" ] && diff -rq "$new_keys" "$KEYS" >/dev/null; then new_keys=; fi
    if [ "$(release_at current)" = "$name" ] && [ -z "$new_site$new_keys" ] && is_in_force; then
        say "$name is installed and runs: nothing to do"
    else
        switch_to "$name"
        say "$name runs${old:+; $old is kept for a rollback}"
    fi
    prune
    prepare_board
    [ -z "$harden" ] || harden_ssh
    rm -rf "$OPT/incoming"
}

is_in_force() {
    [ -z "$allow_list" ] || [ -e "$BROKERS" ] || return 1
    cmp -s "$OPT/releases/$name/units/$SERVICE" "$SYSTEM/$SERVICE" && systemctl is-active --quiet street-agent
}

rollback() {
    no_trial
    settle restart
    back=$(release_at previous)
    [ -n "$back" ] || fail $FAILED "no release before $(release_at current) is kept: nothing to return to"
    is_whole "$back" || fail $FAILED "release $back is damaged: install it anew with --allow-downgrade"
    new_site='' new_keys='' allow_list=''
    switch_to "$back"
    say "$back runs; $old is kept"
}

status() {
    now=$(release_at current)
    [ -n "$now" ] || fail $FAILED "street-agent is not installed here"
    state=$(systemctl is-active street-agent || true)
    before=$(release_at previous)
    say "release $now, service $state${before:+, kept for a rollback: $before}"
    [ ! -d "$OPT/pending" ] || say "a deployment is under way, or was interrupted: run deploy.sh again"
    is_whole "$now" || fail $FAILED "files of $now are damaged: run deploy.sh install again"
    "$(program "$now")" status
}

uninstall() {
    now=$(release_at current) left=''
    if [ -n "$now" ]; then
        systemctl stop street-agent || true
        if [ "${1:-}" = --erase ]; then
            "$(program "$now")" erase --yes ||
                fail $FAILED "release $now could not erase: $ETC and $STATE are left, nothing was removed"
            rm -rf "$ETC" "$STATE" /run/street-agent
        fi
        remove_units "$now"
    elif [ "${1:-}" = --erase ] && { [ -e "$ETC" ] || [ -e "$STATE" ]; }; then
        fail $FAILED "no release is installed that could erase: sudo rm -rf $ETC $STATE"
    fi
    rm -rf "$OPT" "$SYSTEM/$SERVICE.d" $COMMAND
    systemctl daemon-reload
    if [ -e "$ETC" ] || [ -e "$STATE" ]; then left="$ETC and $STATE are left; --erase deletes them"; fi
    say "street-agent is removed; ${left:-nothing of it is left}"
}

# --- detached from the line that started it

# Runs from $RUN, which is in memory: `uninstall` deletes everything else.
start() {
    [ "$(cat "$RUN/token" 2>/dev/null || true)" != "$1" ] || return 0
    ! is_busy || fail $BUSY "another deployment runs on this device"
    rm -f "$RUN/code"
    : >"$RUN/log"
    echo "$1" >"$RUN/token"
    shift
    if [ -d /run/systemd/system ]; then
        # What dies half-way is settled at once, not at the next boot.
        systemd-run --quiet --collect --unit=street-agent-deploy \
            -p "ExecStopPost=/bin/sh $RUN/on-device.sh settle" /bin/sh "$RUN/on-device.sh" job "$@" ||
            fail $FAILED "systemd-run could not start the deployment"
    else
        setsid sh "$RUN/on-device.sh" job "$@" >/dev/null 2>&1 </dev/null &
    fi
}

job() {
    set +e # in `( ) || ...` the shell would go on after a failure inside
    (
        set -e
        locked "$@"
    ) >"$RUN/log" 2>&1
    code=$?
    set -e
    echo $code >"$RUN/.code"
    mv "$RUN/.code" "$RUN/code"
}

is_busy() { ! flock --nonblock "$RUN/lock" true; }

locked() {
    exec 9>"$RUN/lock"
    flock --nonblock 9 || fail $BUSY "another deployment runs on this device"
    run "$@"
}

follow() {
    shown=$1 idle=0
    while :; do
        code=$(cat "$RUN/code" 2>/dev/null || true)
        size=$(stat -c %s "$RUN/log" 2>/dev/null || echo 0)
        if [ "$size" -gt "$shown" ]; then
            tail -c "+$((shown + 1))" "$RUN/log" | head -c "$((size - shown))"
            shown=$size
        fi
        [ -z "$code" ] || exit "$code"
        if is_busy; then idle=0; else idle=$((idle + 1)); fi
        [ $idle -lt 20 ] ||
            fail $FAILED "the deployment was stopped on the device: run it again, it completes or cleans up"
        sleep 0.5
    done
}

run() {
    command=${1:-}
    [ $# = 0 ] || shift
    case "$command" in
        install) install_release "$@" ;;
        rollback) rollback ;;
        uninstall) uninstall "$@" ;;
        settle) if [ "${1:-}" = --boot ]; then settle ""; else settle restart; fi ;;
        *) fail $USAGE "on-device.sh does not know '$command'" ;;
    esac
}

command=${1:-}
[ $# = 0 ] || shift
[ "$(id -u)" != 0 ] || install -d -m 700 "$RUN"
case "$command" in
    preflight)
        if [ -n "${1:-}" ]; then preflight; else is_root; fi
        say "release=$(release_at current)"
        if is_whole "${1:-}"; then say "has=yes"; fi
        ;;
    status) status ;;
    start) start "$@" ;;
    job) job "$@" ;;
    follow) follow "${1:-0}" ;;
    *) locked "$command" "$@" ;;
esac
