#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script is clean under shellcheck.
set -u
git ls-files --cached --others --exclude-standard | grep -E '(\.sh|^\.ci/run)$' | xargs -r shellcheck
