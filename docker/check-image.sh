#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Build the image without a Docker daemon, run the program in it, and ask it a question.
#
#     docker/check-image.sh           needs root: debootstrap makes the base, buildah the image
#
# Kept outside ./test.sh: it takes minutes and needs Debian's mirror. Exit: 0 the image answers,
# 1 it does not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
base=localhost/debian-12-slim
image=localhost/rollcall
port=5391
work=$(mktemp -d)
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
container=
server=

# shellcheck disable=SC2317  # called by the trap
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    [ -z "$container" ] || buildah rm "$container" >/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

say() { printf '%4ds  %s\n' "$SECONDS" "$*"; }

for program in debootstrap buildah dig; do
    command -v "$program" >/dev/null || { echo "check-image: $program is missing" >&2; exit 1; }
done

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    say "making the base image with debootstrap"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" "$mirror" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; exit 1; }
    scratch=$(buildah from scratch)
    buildah add -q "$scratch" "$work/root" / >/dev/null
    buildah commit -q "$scratch" "$base" >/dev/null
    buildah rm "$scratch" >/dev/null
    rm -rf "$work/root"
fi

say "building the image"
buildah build --build-arg BASE="$base" --target rollcall -f docker/Dockerfile -t "$image" . >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }

user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$image")
say "the image runs as user '$user'"
[ -n "$user" ] && [ "$user" != root ] && [ "$user" != 0 ]

say "starting it"
cat >"$work/rollcall.conf" <<EOF
listen = {"127.0.0.1:$port"}
zone "sd.example.com" { nameservers = {"ns1.sd.example.com"} }
file "check" { zone = "sd.example.com"  path = "fleet.json" }
EOF
cat >"$work/fleet.json" <<'EOF'
{"groups": [{"name": "web", "members": [{"id": "web-1", "address": "10.0.0.1", "port": 443, "weight": 65535}]}]}
EOF
chmod 755 "$work"
chmod 644 "$work"/rollcall.conf "$work"/fleet.json
container=$(buildah from "$image")
buildah copy -q "$container" "$work/rollcall.conf" /etc/rollcall/rollcall.conf >/dev/null
buildah copy -q "$container" "$work/fleet.json" /etc/rollcall/fleet.json >/dev/null
buildah run "$container" -- /usr/bin/rollcall check
buildah run "$container" -- /usr/bin/rollcall serve &
server=$!

for _ in $(seq 50); do
    answer=$(dig +short +time=1 +tries=1 "@127.0.0.1" -p "$port" SRV _web._tcp.sd.example.com || true)
    [ "$answer" != "0 65535 443 ip-10-0-0-1.sd.example.com." ] || { say "it answers: $answer"; exit 0; }
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
done
echo "check-image: no right answer from the image: '$answer'" >&2
exit 1
