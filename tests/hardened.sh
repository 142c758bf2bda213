#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/hardened.sh PROGRAM [--fortified]
#
# Whether the guards that the build asks for are in the program: position-independent, all
# relocations done and read-only before main(), no page both writable and executable, a guarded
# stack, and with --fortified the checked variants of libc's calls. Exit: 0 all there, 1 not, 2 usage.
set -u
program=${1-}
if [ ! -x "$program" ]; then
    echo "usage: hardened.sh PROGRAM [--fortified]" >&2
    exit 2
fi
failed=0

# expect WHAT PATTERN TEXT: the text has a line with the pattern.
expect() {
    if ! printf '%s\n' "$3" | grep -Eq "$2"; then
        echo "hardened: $program: $1" >&2
        failed=1
    fi
}

header=$(readelf --wide --file-header "$program")
segments=$(readelf --wide --program-headers "$program")
dynamic=$(readelf --wide --dynamic "$program")
symbols=$(readelf --wide --dyn-syms "$program")

expect 'is not position-independent' 'Type: +DYN' "$header"
expect 'is not marked as a program' 'FLAGS_1.*PIE' "$dynamic"
expect 'binds symbols late (no -z now)' 'FLAGS.*(BIND_NOW|NOW)' "$dynamic"
expect 'has no read-only relocations (no -z relro)' 'GNU_RELRO' "$segments"
expect 'says nothing about its stack' 'GNU_STACK' "$segments"
expect 'has no guarded stack (no -fstack-protector)' '__stack_chk_fail' "$symbols"
if printf '%s\n' "$segments" | grep -E ' RWE ' >&2; then
    echo "hardened: $program: has pages that are both writable and executable" >&2
    failed=1
fi
if printf '%s\n' "$dynamic" | grep -E 'TEXTREL|RPATH|RUNPATH' >&2; then
    echo "hardened: $program: patches its code, or looks for libraries in a place of its own" >&2
    failed=1
fi
# Not its note in the file: the linker leaves that out as Debian's start files are without marks.
case $(uname -m) in
x86_64)
    expect 'has code without marks for indirect jumps (no -fcf-protection)' 'endbr64' \
        "$(objdump --disassemble=main "$program")"
    ;;
esac
if [ "${2-}" = --fortified ]; then
    expect 'calls unchecked variants only (no FORTIFY_SOURCE)' '__(memcpy|snprintf|vsnprintf|read|fprintf)_chk' "$symbols"
fi
exit $failed
