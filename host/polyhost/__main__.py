"""`python -m polyhost`, and the command `polyhost`.

Owns: Ctrl-C while the program is still being loaded ends it at once, like any command, with nothing to be read; that
what the process writes is its owner's alone.
"""

import os
import signal

__all__ = ["main"]


def main() -> None:
    """Load the command line, run it, exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.umask(0o077)  # stores, exports, recordings, traces, profiles, and those of processes it starts
    from polyhost.cli.main import main as command_line  # noqa: PLC0415  loading takes a moment

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
