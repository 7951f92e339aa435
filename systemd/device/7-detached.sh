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
