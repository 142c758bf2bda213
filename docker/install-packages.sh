#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Install the Debian packages of the lists named on the command line that are missing:
#     docker/install-packages.sh build run test
# Does nothing, and needs no rights, when all are there. Exit: 0 all there, 1 not.
set -eu
here=$(dirname "$0")

# What an installed package provides is there as well: some builds of nodejs bring their own npm.
provided=" $(dpkg-query -W -f '${db:Status-Status} ${Provides}\n' |
    sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -s ',\n' ' ') "
wanted=$(for list in "$@"; do cat "$here/packages/$list.txt"; done)
missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] && continue
    case $provided in *" $package "*) continue ;; esac
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || {
        echo "missing packages:$missing" >&2
        echo "install them as root: apt-get install$missing" >&2
        exit 1
    }
fi
echo "installing with apt-get:$missing" >&2
log=$(mktemp)
# A fresh machine may still be at its own updates.
apt_get='apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3'
# shellcheck disable=SC2086
if ! { $sudo $apt_get update && $sudo env DEBIAN_FRONTEND=noninteractive \
        $apt_get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "apt-get failed, see above" >&2
    exit 1
fi
rm -f "$log"
