"""The real command, killed with -9 as it is about to call a function: `dying.py MODULE:NAME NUMBER POLYHOST-WORDS…`.

Counts the calls and dies before the one with that number (1 is the first). Must not know: what the function does.
"""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import sys
from functools import wraps
from typing import Any

from polyhost.cli.main import main


def _die_before(where: str, number: int) -> None:
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *within, name = path.split(".")
    for part in within:
        owner = getattr(owner, part)
    calls, function = itertools.count(1), getattr(owner, name)

    @wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    setattr(owner, name, counted)


if __name__ == "__main__":
    _die_before(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:] = sys.argv[3:]
    main()
