"""What one stretch of work costs this process: seconds, processor seconds, memory.

Owns: sampling. Must not know: what is measured.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "Meter"]

SAMPLE_SECONDS = 0.1
"""Between two looks at the memory: some thousand records, and no load to speak of."""
_STATM = Path("/proc/self/statm")
_MEBIBYTE = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`cpu` is this process's own, all threads. Memory is resident, in MiB: when the work began, and its peak since."""

    seconds: float
    cpu: float
    memory_before: float
    memory_peak: float


class Meter:
    """Starts when made; `stop` says what it came to."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._before = self._peak = _resident()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._cpu = _cpu()
        self._began = time.perf_counter()
        self._sampler.start()

    def stop(self) -> Cost:
        seconds = time.perf_counter() - self._began
        cpu = _cpu() - self._cpu
        self._stopped.set()
        self._sampler.join()
        self._look()
        return Cost(seconds=seconds, cpu=cpu, memory_before=self._before, memory_peak=self._peak)

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, _resident())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_by_proc() -> float:
    return int(os.pread(_STATM_FILE, 64, 0).split()[1]) * _PAGE / _MEBIBYTE


def _resident_by_ps() -> float:
    """macOS has no /proc; `ps` counts in KiB."""
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


_STATM_FILE = os.open(_STATM, os.O_RDONLY) if _STATM.exists() else -1
_resident = _resident_by_proc if _STATM.exists() else _resident_by_ps
