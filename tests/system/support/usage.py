# SPDX-License-Identifier: MIT
"""What a process has used so far, from /proc."""

import os
import pathlib

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pid):
    """User and system time of all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def memory_mib(pid, name="VmRSS"):
    """`VmRSS`: resident now; `VmHWM`: the most that it ever was since forget_peak()."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"{name} of {pid} is not told")


def forget_peak(pid):
    """From now on VmHWM counts anew."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
