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
        both "$name 已安装并在运行，无需操作" "$name is installed and runs: nothing to do"
    else
        switch_to "$name"
        both "$name 已投入运行${old:+，保留 $old 以备退回}" "$name runs${old:+; $old is kept for a rollback}"
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
    both "已退回 $back，保留 $old" "$back runs; $old is kept"
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
    both "street-agent 已卸载${left:+，配置和数据仍保留}" "street-agent is removed; ${left:-nothing of it is left}"
}

