#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format (version 14, Debian 12's) writes it.
set -u
find zones discovery server tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
