#!/bin/sh
# The device's side of deploy.sh, as root: install or upgrade, return to the release before, tell
# what is there, remove it all. Part of each release, and copied to /opt/street-agent.
#
#   on-device.sh preflight                    can this machine take a release? Changes nothing
#   on-device.sh install ARCHIVE [--site FILE] [--allow-downgrade] [--allow-list] [--harden-ssh]
#   on-device.sh rollback | status | settle [--boot]
#   on-device.sh uninstall [--erase]
#   on-device.sh start COMMAND...             run one of these detached, its output in deploy.log
#   on-device.sh follow BYTES                 that output after BYTES; ends as COMMAND ended
#
# Whenever it is stopped, the device runs the old release or the new one, and settles by itself:
#
#   releases/.NAME.partial   being unpacked and built; nothing refers to it; deleted by the next run
#   releases/NAME            complete and on disk: renamed once its digests have been checked
#   pending/                 a trial: `current` may be at the new release, which has not yet proved
#                            itself. Holds `from` (empty: none), `previous`, and site.toml as it was.
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
SERVICE=street-agent.service
DROPINS=$SYSTEM/$SERVICE.d
FIRMWARE=/boot/firmware
NEEDED_KIB=204800 # a release with its wheels while it is built takes 120 MB
KEPT=3
GATE_S=90

FAILED=1 USAGE=2 INVALID=4 DENIED=5 ROLLED_BACK=8

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

preflight() {
    [ "$(id -u)" = 0 ] || fail $DENIED "not root: log in as root, or as a user whose sudo asks for no password"
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
}

room() {
    folder=$OPT
    [ -d "$folder" ] || folder=$(dirname "$OPT")
    free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge $NEEDED_KIB ] ||
        fail $FAILED "$folder has $((free / 1024)) MB free, $((NEEDED_KIB / 1024)) MB are needed: delete something, or use a larger card"
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
        return
    fi
    room
    say "unpacking $name"
    mkdir -p "$partial"
    tar -xf "$archive" -C "$partial" --strip-components=1 --no-same-owner ||
        fail $FAILED "$archive cannot be unpacked: run deploy.sh again, which copies it anew"
    verify
    build
    rm -rf "$final" # one that is not whole; what runs is whole, or has been damaged already
    on_disk "$partial"
    mv -T "$partial" "$final"
    on_disk "$OPT"
}

# The name ends in the digest of `digests`, which has that of every file.
verify() {
    [ -f "$partial/digests" ] || fail $FAILED "$archive has no digests: it is no release of street-agent"
    digest=$(sha256sum "$partial/digests" | cut -c1-12)
    [ "${name##*-}" = "$digest" ] || fail $FAILED "wrong digest: $archive is not the release that its name says"
    (cd "$partial" && sha256sum --check --quiet --strict digests) 2>&1 |
        grep -v WARNING >"$partial.wrong" || true
    wrong=$(head -n 3 "$partial.wrong" | tr '\n' ';')
    rm -f "$partial.wrong"
    [ -z "$wrong" ] || fail $FAILED "altered or missing in $archive: $wrong"
    unlisted=$(cd "$partial" && find . -type f ! -name digests | sed 's|^\./||' | sort |
        { cut -c67- digests | sort >"$partial.listed"; comm -23 - "$partial.listed"; })
    rm -f "$partial.listed"
    [ -z "$unlisted" ] || fail $FAILED "not in the digests of $archive: $unlisted"
    mv "$partial/digests" "$partial/archive.digests"
}

build() {
    say "building its Python environment"
    python3 -m venv --system-site-packages "$partial"
    requirements=$partial/requirements.txt
    if python3 -c 'import lgpio' 2>/dev/null; then
        python3 - "$requirements" >"$partial/chosen.txt" <<'PYTHON'
import sys
text = open(sys.argv[1]).read().replace("\\\n", "\\ ")
print(*(line for line in text.splitlines() if not line.startswith("lgpio==")), sep="\n")
PYTHON
        sed -i 's/\\ / /g' "$partial/chosen.txt" # as apt has it: made for this board
        requirements=$partial/chosen.txt
    elif grep -q '^lgpio==' "$requirements" && ! ls "$partial"/wheels/lgpio-*-"$(python3 -c 'import sys; print("cp%d%d" % sys.version_info[:2])')"-*"$(uname -m)".whl >/dev/null 2>&1; then
        fail $FAILED "no lgpio for this Python: sudo apt-get install python3-lgpio"
    fi
    pip="$partial/bin/python3 -I -m pip --isolated --disable-pip-version-check --quiet install --no-index --no-deps --no-compile --ignore-installed"
    # shellcheck disable=SC2086  # a list of words
    $pip --require-hashes --find-links "$partial/wheels" -r "$requirements" >"$partial/pip.log" 2>&1 ||
        fail $FAILED "this release has no wheels for $(python3 --version) on $(uname -m): $(grep -m 1 ERROR "$partial/pip.log" || tail -n 1 "$partial/pip.log")"
    # shellcheck disable=SC2086  # a list of words
    $pip "$partial"/wheels/street_agent-*.whl >"$partial/pip.log" 2>&1 ||
        fail $FAILED "pip cannot install the agent: $(tail -n 1 "$partial/pip.log")"
    rm -rf "$partial/wheels" "$partial/pip.log" "$partial/chosen.txt"
    # Scripts and compiled files name the folder that they will be in.
    grep -rlIF "$partial" "$partial/bin" "$partial/pyvenv.cfg" | while read -r file; do
        [ -L "$file" ] || sed -i "s|$partial|$final|g" "$file"
    done
    "$partial/bin/python3" -m compileall -q -s "$partial" -p "$final" "$partial/lib" >/dev/null || true
    (cd "$partial" && find . -type f ! -name digests -exec sha256sum {} +) >"$OPT/releases/.digests"
    mv "$OPT/releases/.digests" "$partial/digests"
    chmod 755 "$partial"
}

refuse_older() {
    now=$(release_at current)
    [ -n "$now" ] && [ -f "$OPT/releases/$now/release.json" ] || return 0
    has_now=$(age_key "$OPT/releases/$now")
    offered=$(age_key "$OPT/releases/$name")
    [ "$(printf '%s\n%s\n' "$has_now" "$offered" | sort -V | tail -n 1)" = "$offered" ] ||
        fail $FAILED "$name ($offered) is older than $now ($has_now): deploy.sh rollback returns to the release before; --allow-downgrade installs it all the same"
}

# --- units, user, board

# Copies: a link into `current` would leave systemd with a name that rotates away.
install_units() {
    units=$OPT/releases/$1/units
    for file in "$units"/*; do
        place "$file" "$(home_of "$file")" || return 1
    done
    systemd-sysusers /etc/sysusers.d/street-agent.conf || return 1
    systemd-tmpfiles --create /etc/tmpfiles.d/street-agent.conf || true
}

remove_units() {
    for file in "$OPT/releases/$1/units"/*; do
        if [ -n "${2:-}" ] && [ -f "$OPT/releases/$2/units/${file##*/}" ]; then continue; fi
        case "$file" in *.service | *.timer) systemctl disable --quiet --now "${file##*/}" || true ;; esac
        rm -f "$(home_of "$file")"
    done
}

home_of() {
    case "$1" in
        *.sysusers) echo /etc/sysusers.d/street-agent.conf ;;
        *.tmpfiles) echo /etc/tmpfiles.d/street-agent.conf ;;
        */journald.conf) echo /etc/systemd/journald.conf.d/street-agent.conf ;;
        */watchdog.conf) echo /etc/systemd/system.conf.d/street-agent.conf ;;
        *) echo "$SYSTEM/${1##*/}" ;;
    esac
}

place() {
    cmp -s "$1" "$2" ||
        { mkdir -p "$(dirname "$2")" && install -m 644 "$1" "$2.new" && mv -T "$2.new" "$2"; }
}

enable_units() {
    for file in "$OPT/releases/$1/units"/*.service "$OPT/releases/$1/units"/*.timer; do
        if grep -qs '^\[Install\]' "$file"; then systemctl enable --quiet "${file##*/}" || return 1; fi
    done
}

# Which files of the configuration become credentials, and whom the agent may speak to.
write_dropins() {
    mkdir -p "$DROPINS"
    list=
    [ -z "$allow_list" ] && [ ! -e "$DROPINS/brokers.conf" ] || list=--allow-list
    # shellcheck disable=SC2086  # a word or none
    "$(program "$1")" dropins $list --into "$DROPINS" "$SITE"
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
    rm -rf "$OPT/.pending.new"
    mkdir -m 700 "$OPT/.pending.new"
    release_at current >"$OPT/.pending.new/from"
    release_at previous >"$OPT/.pending.new/previous"
    [ ! -f "$SITE" ] || cp -p "$SITE" "$OPT/.pending.new/site.toml"
    on_disk "$OPT"
    mv -T "$OPT/.pending.new" "$OPT/pending"
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
    [ ! -f "$OPT/pending/site.toml" ] || put_site "$OPT/pending/site.toml"
    if [ -n "$from" ]; then
        point current "$from"
        if [ -n "$before" ]; then point previous "$before"; else rm -f "$OPT/previous"; fi
        [ "$tried" = "$from" ] || [ -z "$tried" ] || remove_units "$tried" "$from"
        install_units "$from"
        allow_list=
        write_dropins "$from" || say "the drop-ins of $SERVICE could not be written again"
        systemctl daemon-reload
        [ "${1:-}" != restart ] || systemctl restart street-agent ||
            say "the old release does not start either: journalctl -u street-agent"
    else
        [ -z "$tried" ] || remove_units "$tried"
        rm -rf "$OPT/current" "$DROPINS"
        [ -f "$OPT/pending/site.toml" ] || rm -f "$SITE"
        systemctl daemon-reload
    fi
    end_trial
}

settle() {
    rm -rf "$OPT/.pending.new" "$OPT/.pending.done"
    [ -d "$OPT/pending" ] || return 0
    tried=$(release_at current)
    say "a deployment was interrupted: returning from ${tried:-none} to $(cat "$OPT/pending/from")"
    undo_trial "$1"
}

put_site() {
    install -m 640 -g street-agent "$1" "$SITE.new" && on_disk "$ETC" &&
        mv -T "$SITE.new" "$SITE" && on_disk "$ETC"
}

# What sensors and the uplink were doing; empty where the running release cannot tell.
figures() {
    now=$(release_at current)
    { [ -n "$now" ] && "$(program "$now")" status --json 2>/dev/null >"$OPT/before.json"; } || : >"$OPT/before.json"
}

is_healthy() {
    agent=$(program "$1")
    if [ -s "$OPT/before.json" ]; then
        "$agent" status --against "$OPT/before.json" --within "${GATE_S}s"
        return
    fi
    left=$GATE_S
    while [ "$left" -gt 0 ]; do
        systemctl is-active --quiet street-agent || { say "street-agent is not running"; return 1; }
        code=0
        "$agent" status --json >/dev/null 2>&1 || code=$?
        case $code in
            0) return 0 ;;
            2) sleep 5; systemctl is-active --quiet street-agent; return ;; # it cannot tell
        esac
        sleep 1
        left=$((left - 1))
    done
    say "street-agent does not answer"
    return 1
}

check_site() {
    "$(program "$1")" check "$2" || fail $INVALID "release $1 does not take the configuration $2: nothing was changed"
}

switch_to() {
    old=$(release_at current)
    figures
    begin_trial
    if ! try "$1"; then
        say "release $1 is not healthy; returning to ${old:-what was before}. What it said last:"
        journalctl -u street-agent -n 15 --no-pager -o cat 2>/dev/null | sed 's/^/    /' || true
        undo_trial restart
        fail $ROLLED_BACK "$1 was not healthy: ${old:+$old runs again}${old:-nothing is installed, as before}; read the reason above, then run it again"
    fi
    end_trial
}

try() {
    [ -z "$new_site" ] || put_site "$new_site" || return 1
    [ -z "$old" ] || [ "$old" = "$1" ] || point previous "$old" || return 1
    point current "$1" || return 1
    [ -z "$old" ] || [ "$old" = "$1" ] || remove_units "$old" "$1"
    install_units "$1" && write_dropins "$1" && systemctl daemon-reload && enable_units "$1" || return 1
    say "starting $1"
    systemctl restart street-agent || return 1
    is_healthy "$1"
}

# Those in use stay, and the newest of the others up to three in all.
prune() {
    # shellcheck disable=SC2012  # the names are ours
    ls -1t "$OPT/releases" | grep -vxF -e "$(release_at current)" -e "$(release_at previous)" |
        tail -n +$((KEPT - 1)) | while read -r each; do rm -rf "${OPT:?}/releases/$each"; done
}

# --- commands

install_release() {
    archive=${1:-}
    [ -n "$archive" ] || fail $USAGE "install needs an archive"
    shift
    new_site='' downgrade='' allow_list='' harden=''
    while [ $# -gt 0 ]; do
        case "$1" in
            --site) new_site=$2; shift ;;
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
    unpack "$archive"
    [ -n "$downgrade" ] || refuse_older
    install -m 644 "$OPT/releases/$name/units/street-agent.sysusers" /etc/sysusers.d/street-agent.conf
    systemd-sysusers /etc/sysusers.d/street-agent.conf
    install -d -m 755 "$ETC" && install -d -m 700 "$ETC/keys"
    site=${new_site:-$SITE}
    [ -f "$site" ] || fail $INVALID "no $SITE yet: run deploy.sh again with --site FILE (examples: systemd/*.toml)"
    check_site "$name" "$site"
    install -m 755 "$OPT/releases/$name/on-device.sh" "$OPT/.on-device.sh"
    mv "$OPT/.on-device.sh" "$OPT/on-device.sh"
    if [ -n "$new_site" ] && cmp -s "$new_site" "$SITE"; then new_site=; fi
    if [ "$(release_at current)" = "$name" ] && [ -z "$new_site" ] && is_in_force; then
        say "$name is installed and runs: nothing to do"
    else
        switch_to "$name"
        say "$name runs${old:+, $old is kept for a rollback}"
    fi
    prune
    prepare_board
    [ -z "$harden" ] || harden_ssh
    rm -f "$archive" "$OPT/incoming/site.toml"
}

is_in_force() {
    [ -z "$allow_list" ] || [ -e "$DROPINS/brokers.conf" ] || return 1
    cmp -s "$OPT/releases/$name/units/$SERVICE" "$SYSTEM/$SERVICE" && systemctl is-active --quiet street-agent
}

rollback() {
    settle restart
    back=$(release_at previous)
    [ -n "$back" ] || fail $FAILED "no release before $(release_at current) is kept: nothing to return to"
    is_whole "$back" || fail $FAILED "release $back is damaged: install it anew with --allow-downgrade"
    new_site='' allow_list=''
    check_site "$back" "$SITE"
    switch_to "$back"
    say "$back runs, $old is kept"
}

status() {
    now=$(release_at current)
    [ -n "$now" ] || fail $FAILED "street-agent is not installed here"
    state=$(systemctl is-active street-agent || true)
    say "release $now, service $state, before it $(release_at previous)"
    [ ! -d "$OPT/pending" ] || say "a deployment is under way, or was interrupted: run deploy.sh again"
    is_whole "$now" || fail $FAILED "files of $now are damaged: run deploy.sh again"
    code=0
    "$(program "$now")" status || code=$?
    [ $code = 2 ] && code=0 # a release that cannot tell
    [ "$state" = active ] || code=$FAILED
    return $code
}

uninstall() {
    now=$(release_at current)
    left="$ETC and $STATE are left; --erase deletes them"
    if [ -n "$now" ]; then
        systemctl stop street-agent || true
        if [ "${1:-}" = --erase ]; then
            "$(program "$now")" erase --yes ||
                fail $FAILED "release $now could not erase: $ETC and $STATE are left, nothing was removed"
            rm -rf "$ETC" "$STATE"
            left="configuration, keys and state are erased"
        fi
        remove_units "$now"
    elif [ "${1:-}" = --erase ]; then
        fail $FAILED "no release is installed that could erase: sudo rm -rf $ETC $STATE"
    fi
    rm -rf "$DROPINS"
    systemctl daemon-reload
    rm -rf "$OPT/releases" "$OPT/current" "$OPT/previous" "$OPT/pending" "$OPT/incoming" "$OPT/on-device.sh" "$OPT/before.json"
    say "street-agent is removed; $left"
}

# --- detached from the line that started it

start() {
    rm -f "$OPT/deploy.code"
    : >"$OPT/deploy.log"
    if [ -d /run/systemd/system ] && has systemd-run; then
        # What dies half-way is settled at once, not at the next boot.
        systemd-run --quiet --collect --unit=street-agent-deploy \
            -p "ExecStopPost=/bin/sh $0 settle" /bin/sh "$0" job "$@" ||
            fail $FAILED "systemd-run could not start the deployment"
    else
        setsid sh "$0" job "$@" >/dev/null 2>&1 </dev/null &
    fi
}

job() {
    set +e # in `( ) || ...` the shell would go on after a failure inside
    (
        set -e
        locked "$@"
    ) >"$OPT/deploy.log" 2>&1
    code=$?
    set -e
    echo $code >"$OPT/.deploy.code"
    mv "$OPT/.deploy.code" "$OPT/deploy.code"
}

is_busy() { ! flock --nonblock "$OPT/deploy.lock" true; }

locked() {
    mkdir -p "$OPT"
    exec 9>"$OPT/deploy.lock"
    flock --nonblock 9 || fail $FAILED "another deployment runs on this device"
    run "$@"
}

follow() {
    shown=$1
    while :; do
        code=$(cat "$OPT/deploy.code" 2>/dev/null || true)
        size=$(stat -c %s "$OPT/deploy.log" 2>/dev/null || echo 0)
        if [ "$size" -gt "$shown" ]; then
            tail -c "+$((shown + 1))" "$OPT/deploy.log" | head -c "$((size - shown))"
            shown=$size
        fi
        [ -z "$code" ] || exit "$code"
        idle=${idle:-0}
        if is_busy; then idle=0; else idle=$((idle + 1)); fi
        [ $idle -lt 20 ] || fail $FAILED "the deployment was stopped on the device: run it again, it completes or cleans up"
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
case "$command" in
    preflight) preflight && release_at current ;;
    status) status ;;
    start) is_busy && exit 75; start "$@" ;;
    job) job "$@" ;;
    follow) follow "${1:-0}" ;;
    *) locked "$command" "$@" ;;
esac
