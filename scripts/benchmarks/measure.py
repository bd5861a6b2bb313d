"""What one stretch of work costs this process: seconds, processor seconds, memory.

Owns: sampling. Must not know: what is measured.
"""

from __future__ import annotations

import resource
import threading
import time
from dataclasses import dataclass

import psutil

__all__ = ["Cost", "Meter"]

SAMPLE_SECONDS = 0.1
"""Between two looks at the memory: some thousand records, and no load to speak of."""
_MEBIBYTE = 1024 * 1024
_THIS = psutil.Process()


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


def _resident() -> float:
    return _THIS.memory_info().rss / _MEBIBYTE
