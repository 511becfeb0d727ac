# SPDX-License-Identifier: MIT
# Runs the committed tree in a Debian 12 of its own. To be sourced by a script whose working directory is the project's root;
# needs root. A script that cannot make one ends as skipped.

skip() { printf 'skipped 1: %s\n0 passed, 0 failed, 1 skipped\n' "$1"; exit 0; }

passed=0 failed=0 skipped=0
report() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed -eq 0 ]
}

in_root() { # COMMAND…
    "${clean[@]}" unshare --mount --pid --fork --kill-child chroot "$work/root" sh -c \
        'mount -t proc proc /proc && cd /root/apig-sidecar && exec "$@"' sh "$@"
}

leave_out() { # REASON
    skipped=$((skipped + 1))
    echo "skipped 1: $1"
}

step() { # NAME COMMAND…: in the root; a step that fails shows its output
    local started=$SECONDS
    if in_root "${@:2}" >"$work/log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        echo "$1: $((SECONDS - started)) s"
        return 0
    fi
    failed=$((failed + 1))
    echo "$1: failed"
    tail -n 60 "$work/log"
    return 1
}

make_root() { # mmdebstrap's options…: with git and the committed tree in /root/apig-sidecar
    local started=$SECONDS
    [ "$(id -u)" -eq 0 ] || skip "a root file system is made by root"
    deploy/packages/install image || skip "mmdebstrap cannot be installed here"
    unshare --mount --pid --fork true || skip "this machine allows no namespaces"
    work=$(mktemp -d)
    trap 'rm -rf --one-file-system "$work"' EXIT
    # Nothing of this environment gets in but the way to the archive.
    clean=(env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin)
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name-}" ] || clean+=("$name=${!name}")
    done
    if ! { apt-get -q update && deploy/packages/minimal "$work/root" "$@" && cp /etc/resolv.conf /etc/hosts "$work/root/etc/" &&
        git clone -q --no-hardlinks . "$work/root/root/apig-sidecar"; } >"$work/log" 2>&1; then
        tail -n 40 "$work/log"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    echo "root: $((SECONDS - started)) s"
}
