"""Reads from the kernel what processes have used: CPU seconds and resident memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import psutil

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have used, all threads, in user mode and in the kernel."""
    return sum(_ticks(pid, 11, 13) for pid in pids) / TICKS_PER_SECOND


def tree_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and everything that it started, also of what has ended since."""
    with contextlib.suppress(psutil.Error):
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return sum(_ticks(member, 11, 15) for member in family) / TICKS_PER_SECOND
    return 0.0


def resident_kib(pids: Iterable[int]) -> float:
    """Return the memory that processes have in RAM, in KiB."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
    return total


def is_alive(pids: Iterable[int]) -> bool:
    """Tell whether all processes still run."""
    return all(_state(pid) not in {"", "Z", "X"} for pid in pids)


def _fields(pid: int) -> list[str]:
    """Return what follows the name in /proc/PID/stat, from the state on; nothing for a process that is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _ticks(pid: int, start: int, stop: int) -> int:
    return sum(int(ticks) for ticks in _fields(pid)[start:stop])


def _state(pid: int) -> str:
    return next(iter(_fields(pid)), "")
