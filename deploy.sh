#!/usr/bin/env bash
# Installs and looks after street-agent on Raspberry Pis over SSH. Usage: ./deploy.sh help
# shellcheck disable=SC2317  # `insist` calls what it is given
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
INCOMING=/opt/street-agent/incoming
RUN=/run/street-agent-deploy

usage() {
    cat <<'HELP'
Install street-agent on Raspberry Pis over SSH, and look after it.

  ./deploy.sh install HOST... --site FILE    install, or bring to this release
  ./deploy.sh upgrade HOST...    bring to this release, where one is installed
  ./deploy.sh rollback HOST...   back to the release before
  ./deploy.sh status HOST...     what runs there, and how it stands
  ./deploy.sh uninstall HOST...  remove it; with --erase its data and keys too
  ./deploy.sh pack               only make the release: dist/street-agent-*.tar

HOST is what ssh takes: pi@192.168.1.20, or a name in ~/.ssh/config. Log in by
key (ssh-copy-id HOST); who is not root needs sudo without a password.

  --inventory FILE   many hosts, one a line: HOST [SITE-FILE [KEYS-FOLDER]]
  --jobs N           so many at a time (4)
  --site FILE        the site's configuration; else the device keeps its own
  --keys FOLDER      passwords, keys, certificates, for /etc/street-agent/keys
  --archive FILE     a release packed before: needs no internet
  --allow-list       the agent speaks to its brokers alone, even by name
  --allow-downgrade  also install a release that is older than the one that runs
  --harden-ssh       SSH on the device takes keys only from then on
  --erase            with uninstall: erase data and keys, and print the proof
  --dry-run          say what would be done; nothing is changed
  --retries N        so often a line that was cut is tried again (5), 5 s apart
  --ssh-option WORD  such as Port=2222; may be given again

Run it again at any time, wherever it was stopped. A release that does not run
as well as the one before is taken back by itself.
Exit code: 0 done, 1 failed, 2 wrong command line, 4 invalid configuration,
5 no root there, 8 taken back, 75 another deployment runs, 255 no connection.
HELP
}

wrong() {
    printf 'deploy.sh: %s\nsee: ./deploy.sh help\n' "$*" >&2
    exit 2
}

# --- the command line

command=${1:-help}
[ $# = 0 ] || shift
hosts=() options=() words=()
inventory='' jobs=4 site='' keys='' archive='' dry='' erase='' retries=5

case "$command" in
    install | upgrade | rollback | status | uninstall | pack) ;;
    help | -h | --help)
        usage
        exit
        ;;
    *) wrong "there is no command '$command'" ;;
esac

while [ $# -gt 0 ]; do
    case "$1" in
        --inventory | --jobs | --site | --keys | --archive | --retries | --ssh-option)
            [ $# -ge 2 ] || wrong "$1 needs a value"
            case "$1" in
                --inventory) inventory=$2 ;;
                --jobs) jobs=$2 ;;
                --site) site=$2 ;;
                --keys) keys=$2 ;;
                --archive) archive=$2 ;;
                --retries) retries=$2 ;;
                --ssh-option) options+=(-o "$2") ;;
            esac
            shift
            ;;
        --allow-list | --allow-downgrade | --harden-ssh) words+=("$1") ;;
        --erase) erase=$1 ;;
        --dry-run) dry=yes ;;
        -*) wrong "there is no option $1" ;;
        *) hosts+=("$1") ;;
    esac
    shift
done

for number in "$jobs" "$retries"; do
    [[ $number =~ ^[0-9]+$ ]] || wrong "$number is no number"
done
[ "$jobs" -gt 0 ] || wrong "--jobs 0: nothing would be done"
case "$command" in
    install | upgrade) ;;
    *) [ -z "$site$keys${words[*]-}" ] || wrong "--site, --keys and the like go with install and upgrade" ;;
esac
[ -z "$erase" ] || [ "$command" = uninstall ] || wrong "--erase goes with uninstall"
for file in "$inventory" "$site" "$archive"; do
    [ -z "$file" ] || [ -r "$file" ] || wrong "$file cannot be read"
done
is_folder_of_keys() {
    [ -d "$1" ] || wrong "$1 is no folder"
    for file in "$1"/*; do
        [[ -f $file && ${file##*/} =~ ^[A-Za-z0-9._-]+$ ]] ||
            wrong "$file: in a folder of keys stand only files, named with A-Z a-z 0-9 . _ -"
    done
}
[ -z "$keys" ] || is_folder_of_keys "$keys"

targets=() # HOST, tabulator, SITE, tabulator, KEYS
for host in ${hosts[@]+"${hosts[@]}"}; do
    targets+=("$host"$'\t'"$site"$'\t'"$keys")
done
if [ -n "$inventory" ]; then
    beside=$(dirname "$inventory")
    number=0
    while read -r host its_site its_keys more || [ -n "$host" ]; do
        number=$((number + 1))
        case "$host" in '' | '#'*) continue ;; esac
        [ -z "$more" ] || wrong "$inventory, line $number: HOST [SITE-FILE [KEYS-FOLDER]] and no more"
        case "$its_site" in '') its_site=$site ;; /*) ;; *) its_site=$beside/$its_site ;; esac
        case "$its_keys" in '') its_keys=$keys ;; /*) ;; *) its_keys=$beside/$its_keys ;; esac
        [ -z "$its_site" ] || [ -r "$its_site" ] || wrong "$inventory, line $number: $its_site cannot be read"
        [ -z "$its_keys" ] || is_folder_of_keys "$its_keys"
        targets+=("$host"$'\t'"$its_site"$'\t'"$its_keys")
    done < <(tr -d '\r' <"$inventory")
fi
[ "$command" = pack ] || [ ${#targets[@]} -gt 0 ] || wrong "which host? Give it, or --inventory FILE"
for target in ${targets[@]+"${targets[@]}"}; do
    case "$target" in -*) wrong "${target%%$'\t'*} is no host" ;; esac
done

# --- one host; each step says what it does, and what to do where it fails

say() { printf '%s\n' "$*"; }

# Runs a command there as root; standard input goes to it.
remote() {
    # shellcheck disable=SC2029  # what is quoted is meant to be read there
    ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 \
        -o ControlMaster=auto -o ControlPersist=60 -o "ControlPath=$folder/line" \
        ${options[@]+"${options[@]}"} "$host" \
        "if [ \"\$(id -u)\" = 0 ]; then $1; else sudo -n $1; fi" 2>"$folder/ssh.err"
}

on_device() { remote "sh -s $1" <"$SCRIPT"; }

# What ssh or the command there said, and what helps.
explain() {
    local said
    said=$(grep -v -e '^Warning: Permanently added' -e '^sudo: unable to resolve' "$folder/ssh.err" |
        tail -n 3)
    said=${said//$'\r'/}
    say "${said:-ssh says nothing}"
    case "$said" in
        *'Could not resolve'*) say "  is the name right? Try: ssh $host" ;;
        *'Permission denied'*) say "  the device does not know your key: ssh-copy-id $host" ;;
        *'Host key verification failed'* | *'HOST IDENTIFICATION HAS CHANGED'*)
            say "  it is another device, or its card was written anew: ssh $host, and compare the key" ;;
        *sudo:*required*) say "  $host needs root, or a user whose sudo asks for no password" ;;
        *refused* | *'timed out'* | *'No route'*) say "  is it on, and SSH enabled? Try: ssh $host" ;;
    esac
}

# Runs it again while only the line is at fault; 255 is ssh's own failure.
insist() {
    local code left=$retries
    while :; do
        code=0
        "$@" || code=$?
        [ $code = 255 ] || return $code
        [ -n "$reached" ] || return $code # it never answered: more of the same would not help
        [ "$left" -gt 0 ] || return $code
        say "the line was cut, trying again: $left times more"
        left=$((left - 1))
        sleep "${RETRY_S:-5}"
    done
}

look() { on_device "preflight $name" >"$folder/found"; }

# Sends what is still missing of a file, and compares; a copy that differs begins anew.
copy() {
    local file=$1 there=$INCOMING/$2 size has digest
    size=$(($(wc -c <"$file"))) # without the blanks that some systems print
    digest=$(sha256 "$file")
    has=$(remote "sh -c 'install -d -m 755 /opt/street-agent; umask 077; mkdir -p $(dirname "$there");
        touch $there; wc -c <$there'" </dev/null) || return
    [ "$has" -le "$size" ] || has=0
    [ "$has" -gt 0 ] || remote "sh -c ': >$there'" </dev/null || return
    [ "$has" = 0 ] || [ "$has" = "$size" ] || say "copying goes on after $((has * 100 / size)) %"
    tail -c "+$((has + 1))" "$file" | remote "sh -c 'cat >>$there'" || return
    [ "$(remote "sha256sum $there" </dev/null | cut -c1-64)" = "$digest" ] && return
    remote "rm -f $there" </dev/null
    say "$2 arrived damaged: once more"
    return 255
}

sha256() { { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -c1-64; }

# The output of what runs there, from where it was last seen.
follow() {
    on_device "follow $(($(wc -c <"$folder/shown")))" | tee -a "$folder/shown"
}

# From here on the device goes on by itself, whatever becomes of the line.
detached() {
    local code
    : >"$folder/shown"
    insist start "$*" || return
    insist follow || {
        code=$?
        [ $code = 255 ] || : >"$folder/ssh.err" # the device has said why
        return $code
    }
}

start() {
    remote "sh -c 'install -d -m 700 $RUN && cat >$RUN/.sent && mv $RUN/.sent $RUN/on-device.sh &&
        exec sh $RUN/on-device.sh start $token $1'" <"$SCRIPT"
}

send_all() {
    if ! grep -q has=yes "$folder/found"; then
        say "copying release $name"
        insist copy "$release" "$(basename "$release")" || return
    fi
    [ -z "$its_site" ] || insist copy "$its_site" site.toml || return
    [ -n "$its_keys" ] || return 0
    remote "rm -rf $INCOMING/keys" </dev/null || return
    for file in "$its_keys"/*; do
        insist copy "$file" "keys/$(basename "$file")" || return
    done
}

one() {
    local code=0
    run_one || code=$?
    if [ $code != 0 ] && [ -s "$folder/ssh.err" ]; then explain; fi
    return $code
}

run_one() {
    reached=''
    insist look || return
    reached=yes
    current=$(sed -n 's/^release=//p' "$folder/found")
    if [ -z "$current" ]; then
        case "$command" in
            upgrade | rollback | status)
                say "street-agent is not installed here: ./deploy.sh install $host --site FILE"
                return 1
                ;;
            install)
                [ -n "$its_site" ] || {
                    say "the first time it needs a configuration: --site FILE (examples: systemd/*.toml)"
                    return 4
                } ;;
        esac
    fi
    if [ -n "$dry" ]; then
        plan
        return
    fi
    case "$command" in
        install | upgrade)
            send_all || return
            detached "install $INCOMING/street-agent-$name.tar ${its_site:+--site $INCOMING/site.toml}" \
                "${its_keys:+--keys $INCOMING/keys} ${words[*]-}" || return
            ;;
        rollback) detached rollback || return ;;
        uninstall) detached "uninstall $erase" || return ;;
        status)
            on_device status
            return
            ;;
    esac
    if [ "$command" != uninstall ] && [ ${#targets[@]} = 1 ]; then
        say ''
        on_device status || true # what is left to mend is the technician's
    fi
}

plan() {
    say "there now: ${current:-nothing}; nothing was changed. It would:"
    case "$command" in
        install | upgrade)
            if grep -q has=yes "$folder/found"; then
                say "- use release $name, which is there already"
            else
                say "- copy release $name ($(($(wc -c <"$release") / 1024)) KiB), check its digests, and unpack it"
            fi
            [ -z "$its_site" ] || say "- check $its_site with that release, and put it in force"
            [ -z "$its_keys" ] || say "- put the files of $its_keys into /etc/street-agent/keys"
            say "- switch to $name, restart the agent, and go back if it is not as well as before"
            [ -z "${words[*]-}" ] || say "- ${words[*]}"
            ;;
        rollback) say "- switch to the release before, restart, and go back if it is not as well as now" ;;
        uninstall) say "- stop and remove the agent${erase:+, erase its data and keys, and print the proof}" ;;
        status) say "- ask the agent how it stands" ;;
    esac
}

# --- all of them

# The line to a device stays open for what comes next, and would outlive this.
clean_up() {
    for line in "$work"/*/line; do
        [ ! -S "$line" ] || ssh -O exit -o "ControlPath=$line" there 2>/dev/null || true
    done
    rm -rf "$work"
}

work=$(mktemp -d)
SCRIPT=$work/on-device.sh
cat "$here"/systemd/device/*.sh >"$SCRIPT"
trap clean_up EXIT
trap interrupted INT TERM
token=$(date +%s)-$$
release='' name=''
case "$command" in
    install | upgrade | pack)
        if [ -n "$archive" ]; then
            release=$archive
        else
            say "packing the release" >&2
            release=$("${PYTHON:-python3}" "$here/systemd/pack.py") || {
                say "deploy.sh: no release could be made, see above; --archive FILE takes one made elsewhere" >&2
                exit 1
            }
        fi
        name=$(basename "$release" .tar)
        name=${name#street-agent-}
        if [ "$command" = pack ]; then
            say "$release"
            exit
        fi
        [[ $name =~ ^[0-9A-Za-z.+-]+$ ]] || wrong "$release is not named as a release is"
        ;;
esac

# Lines of several hosts at once begin with the host.
shown_as() {
    local line
    if [ ${#targets[@]} = 1 ]; then
        cat
    else
        while IFS= read -r line; do printf '%s: %s\n' "$1" "$line"; done
    fi
}

begin() {
    IFS=$'\t' read -r host its_site its_keys <<<"$1"
    folder=$work/$2
    mkdir "$folder"
    local code=0 begun=$SECONDS
    { one || code=$?; echo $code >"$folder/code"; } 2>&1 | shown_as "$host"
    echo $((SECONDS - begun)) >"$folder/seconds"
}

# Jobs in the background do not hear Ctrl-C by themselves; each is a group of processes.
interrupted() {
    trap '' INT TERM
    say "interrupted: what a device has begun it ends by itself; ./deploy.sh status HOST tells" >&2
    exec 2>/dev/null # bash would tell of each that it was ended
    for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
    wait
    exit 130
}

set -m
count=0
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n 2>/dev/null || sleep 0.2; done
    begin "$target" "$count" &
    count=$((count + 1))
done
wait

failed=0 last=0
for ((each = 0; each < count; each++)); do
    code=$(cat "$work/$each/code" 2>/dev/null || echo 1)
    if [ "$code" != 0 ]; then
        failed=$((failed + 1))
        last=$code
    fi
done
if [ "$count" -gt 1 ]; then
    say ''
    for ((each = 0; each < count; each++)); do
        code=$(cat "$work/$each/code" 2>/dev/null || echo 1)
        case "$code" in
            0) result="done" ;;
            4) result="invalid configuration" ;;
            5) result="no root there" ;;
            8) result="taken back" ;;
            75) result="another deployment runs" ;;
            255) result="no connection" ;;
            *) result=failed ;;
        esac
        printf '%-32s %-24s %4s s\n' "${targets[each]%%$'\t'*}" "$result" "$(cat "$work/$each/seconds")"
    done
    say "$((count - failed)) of $count done"
    [ "$failed" = 0 ] || exit 1
fi
exit "$last"
