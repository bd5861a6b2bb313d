"""The real command, which says at its end how much memory its process has taken at most, in KiB: `weighed.py
POLYHOST-WORDS…`. A number alone, the last line on stderr.

Must not know: what the command does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from polyhost.cli.main import main

if __name__ == "__main__":
    try:
        main()
    finally:
        (most,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        print(f"\n{most}", file=sys.stderr)
