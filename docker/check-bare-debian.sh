#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Run a command of this tree on a Debian 12 that has nothing but its base: a fresh debootstrap root.
#
#     docker/check-bare-debian.sh [COMMAND ...]      default: ./test.sh
#
# Needs root. Takes the committed tree (HEAD). Exit: the command's, or 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
[ $# -gt 0 ] || set -- ./test.sh
command -v debootstrap >/dev/null || { echo "check-bare-debian: debootstrap is missing" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT

printf '%4ds  making a bare Debian 12 in %s\n' "$SECONDS" "$root"
debootstrap --variant=minbase bookworm "$root/debian" "$mirror" >"$root/log" 2>&1 ||
    { cat "$root/log" >&2; exit 1; }
cp /etc/resolv.conf "$root/debian/etc/resolv.conf"
git clone -q . "$root/debian/src"

printf '%4ds  running: %s\n' "$SECONDS" "$*"
# The mounts live in a name space of their own and are gone with the command.
# shellcheck disable=SC2016
unshare --mount --propagation private sh -c '
    root=$1; shift
    mount -t proc proc "$root/proc" && mount -t sysfs sys "$root/sys" &&
        mount -t tmpfs shm "$root/dev/shm" &&
        exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c "cd /src && exec \"\$@\"" sh "$@"
' sh "$root/debian" "$@"
