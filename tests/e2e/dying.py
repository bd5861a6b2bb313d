"""The real command, killed with -9 as it is about to call a function: `dying.py MODULE:NAME NUMBER POLYHOST-WORDS…`.

Counts the calls and dies before the one with that number (1 is the first); `NUMBER:SIGINT` sends another signal. Must
not know: what the function does.
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


def _die_before(where: str, when: str) -> None:
    number, _, given = when.partition(":")
    sent = signal.Signals[given] if given else signal.SIGKILL
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *within, name = path.split(".")
    for part in within:
        owner = getattr(owner, part)
    calls, function = itertools.count(1), getattr(owner, name)

    @wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == int(number):
            os.kill(os.getpid(), sent)
        return function(*args, **kwargs)

    setattr(owner, name, counted)


if __name__ == "__main__":
    _die_before(sys.argv[1], sys.argv[2])
    sys.argv[1:] = sys.argv[3:]
    main()
