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

