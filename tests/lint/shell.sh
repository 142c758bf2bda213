#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script is clean under shellcheck.
set -u
find . -path ./build -prune -o -name '*.sh' -exec shellcheck .ci/run {} +
