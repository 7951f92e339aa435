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
    made=$final
    on_disk "$OPT"
}

# Before anything in force was touched.
give_up() {
    [ "$(free_kib)" -ge 4096 ] || set -- "the disk is full: $*"
    rm -rf "$OPT"/releases/.*.partial ${made:+"$made"}
    fail $FAILED "$*; the device is as it was"
}

# The name ends in the digest of `digests`, which has that of every file.
verify() {
    [ -f "$partial/digests" ] || give_up "$archive has no digests: it is no release of street-agent"
    digest=$(sha256sum "$partial/digests" | cut -c1-12)
    [ "${name##*-}" = "$digest" ] || give_up "wrong digest: $archive is not the release that its name says"
    (cd "$partial" && sha256sum --check --quiet --strict digests) 2>&1 |
        grep -v WARNING >"$OPT/releases/.wrong.partial" || true
    wrong=$(head -n 3 "$OPT/releases/.wrong.partial" | tr '\n' ';')
    rm -f "$OPT/releases/.wrong.partial"
    [ -z "$wrong" ] || give_up "altered or missing in $archive: $wrong"
    unlisted=$(cd "$partial" && find . ! -type d ! -path ./digests | sed 's|^\./||' | sort |
        { cut -c67- digests | sort >"$OPT/releases/.listed.partial"; comm -23 - "$OPT/releases/.listed.partial"; })
    rm -f "$OPT/releases/.listed.partial"
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
    (cd "$partial" && find . -type f ! -name digests -exec sha256sum {} +) >"$OPT/releases/.digests.partial"
    mv "$OPT/releases/.digests.partial" "$partial/digests"
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

