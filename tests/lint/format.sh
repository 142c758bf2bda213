#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format (version 14, Debian 12's) writes it.
set -u
git ls-files --cached --others --exclude-standard zones discovery server tests | grep '\.[ch]$' |
    xargs -r clang-format --dry-run -Werror
