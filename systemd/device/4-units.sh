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
    [ -z "$changed" ] || both "串口和硬件看门狗已设置，需重启一次：sudo reboot" \
        "The serial port and the hardware watchdog are set up: reboot the Pi once, sudo reboot"
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
    both "SSH 今后只接受密钥登录" "SSH takes keys only from now on"
}

