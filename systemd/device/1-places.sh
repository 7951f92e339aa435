#!/bin/sh
# The device's side of deploy.sh, as root: install or upgrade, return to the release before, tell
# what is there, remove it all. The files of systemd/device/, one after the other, are one script,
# on-device.sh: part of each release, and sent by deploy.sh for each thing that it does.
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
#                            none), the configuration, keys, drop-in, and how the agent was; and the
#                            name `tried`.
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
NEEDED_KIB=102400 # a release takes 25 MB, with its archive and wheels while it is built 40 MB
KEPT=3
GATE_S=90    # until every sensor that read before has read, and a link that was up is up
SETTLED_S=10 # an agent that runs for so long is not in a loop of crashes, RestartSec is 2

FAILED=1 USAGE=2 INVALID=4 DENIED=5 ROLLED_BACK=8 BUSY=75

say() { printf '%s\n' "$*"; }
both() { printf '%s\n  %s\n' "$1" "$2"; } # how it ended, in Chinese and English
fail() {
    code=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}
has() { command -v "$1" >/dev/null 2>&1; }
on_disk() { sync -f "$1" 2>/dev/null || sync; }

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

