# --- the switch

point() {
    rm -f "$OPT/.$1.new"
    ln -s "releases/$2" "$OPT/.$1.new" && mv -T "$OPT/.$1.new" "$OPT/$1" && on_disk "$OPT"
}

begin_trial() {
    rm -rf "$OPT/.pending.new"
    if ! note_trial "$OPT/.pending.new" "$1" || ! mv -T "$OPT/.pending.new" "$OPT/pending"; then
        rm -rf "$OPT/.pending.new"
        give_up "what is in force cannot be noted in $OPT"
    fi
    on_disk "$OPT"
}

note_trial() {
    mkdir -m 700 "$1" && release_at current >"$1/from" && release_at previous >"$1/previous" &&
        echo "$2" >"$1/tried" || return 1
    for file in "$SITE" "$KEYS" "$BROKERS"; do
        [ ! -e "$file" ] || cp -a "$file" "$1/" || return 1
    done
    # What it says is kept whatever the exit code: 1 means that something was wrong before, too.
    [ -z "$old" ] || "$(program "$old")" status --json >"$1/before.json" 2>/dev/null || true
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
    tried=$(cat "$OPT/pending/tried")
    missing=''
    put_back "$OPT/pending/site.toml" "$SITE" || missing=$SITE
    put_back "$OPT/pending/keys" "$KEYS" || missing=$KEYS
    put_back "$OPT/pending/brokers.conf" "$BROKERS" || missing=$BROKERS
    if [ -n "$from" ]; then
        [ "$(release_at current)" = "$from" ] || point current "$from"
        if [ -n "$before" ]; then point previous "$before"; else rm -f "$OPT/previous"; fi
        [ "$tried" = "$from" ] || remove_units "$tried" "$from"
        install_units "$from"
        systemctl daemon-reload
        [ "${1:-}" != restart ] || systemctl restart street-agent ||
            say "the old release does not start either: journalctl -u street-agent"
    else
        remove_units "$tried"
        rm -f "$OPT/current" "$OPT/previous" $COMMAND
        rmdir "$SYSTEM/$SERVICE.d" 2>/dev/null || true
        systemctl daemon-reload
    fi
    # The trial is then not over: the next run, or the next boot, puts back what is missing.
    [ -z "$missing" ] || fail $FAILED "$missing could not be put back, is the disk full? Make room, and run deploy.sh again"
    end_trial
}

# What is there stays until its successor is whole.
put_back() {
    if [ ! -e "$1" ]; then
        rm -rf "$2"
    elif ! diff -rq "$1" "$2" >/dev/null 2>&1; then
        rm -rf "$2.new"
        if ! cp -a "$1" "$2.new"; then
            rm -rf "$2.new"
            return 1
        fi
        on_disk "$(dirname "$2")"
        [ ! -d "$2" ] || rm -rf "$2" # a folder cannot be replaced by rename
        mv -T "$2.new" "$2"
    fi
    on_disk "$(dirname "$(dirname "$2")")"
}

settle() {
    rm -rf "$OPT/.pending.new" "$OPT/.pending.done"
    [ -d "$OPT/pending" ] || return 0
    from=$(cat "$OPT/pending/from")
    both "上次部署中断，已恢复原状：${from:-未安装}" \
        "a deployment was interrupted: back to ${from:-no release}, as before it"
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
    begin_trial "$1"
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
    say "未采用 $1，设备保持原状${old:+，$old 运行中}"
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
    # On disk before the switch: what settles a trial at boot is among the units.
    install_units "$1" && write_allow_list "$1" && systemctl daemon-reload && enable_units "$1" &&
        on_disk /etc && point current "$1" || return 1
    ln -sfn "$OPT/current/bin/street-agent" $COMMAND
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

