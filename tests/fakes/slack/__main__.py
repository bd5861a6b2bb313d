"""Run the fake by hand: python -m fakes.slack --port 8443 --scenario small

Prints what a polyfill developer needs to point polyhost or a browser at it, and writes a signed-in storage state.
In a terminal, Enter plays what happens before the second run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from fakes.slack import scenarios
from fakes.slack.populated import populated
from fakes.slack.script import play
from fakes.slack.server import FakeSlack
from fakes.slack.world import Workspace

DESCRIPTION = "A fake Slack on this machine, for writing and testing a polyfill without an account."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fakes.slack", description=DESCRIPTION)
    parser.add_argument(
        "--port", type=int, default=8443, help="where to listen on 127.0.0.1 (default 8443, 0 takes a free one)"
    )
    parser.add_argument("--scenario", choices=("small", "second", "rate_limited", "populated"), default="small")
    parser.add_argument("--channels", type=int, default=1000, help="of the populated scenario")
    parser.add_argument("--messages", type=int, default=20, help="of each channel of the populated scenario")
    parser.add_argument(
        "--storage-state",
        type=Path,
        default=Path("slack-storage-state.json"),
        help="written at start: a signed-in session",
    )
    return parser.parse_args()


def _world(options: argparse.Namespace) -> Workspace:
    if options.scenario == "populated":
        return populated(channels=options.channels, messages=options.messages)
    world = scenarios.small()
    if options.scenario == "second":
        play(world, scenarios.second())
    return world


def _instructions(slack: FakeSlack, state: Path) -> str:
    maps = " ".join(f"--map-host '{rule}'" for rule in slack.map_host)
    chromium = " ".join(f"'{argument}'" for argument in slack.chromium_args)
    name = slack.world.users[slack.world.account].name
    return f"""Slack is at 127.0.0.1:{slack.port}: the workspace {slack.world.name}, signed in as {name}.

Collect from it:
  polyhost connect slack --name fake --storage-state {state} {maps} --insecure-tls
  polyhost run fake

Look at it (press the button to sign in):
  chromium --user-data-dir=/tmp/fake-slack {chromium} https://app.slack.com/client

Stop it with Ctrl-C."""


async def _serve(options: argparse.Namespace) -> None:
    world = _world(options)
    faults = scenarios.rate_limited() if options.scenario == "rate_limited" else ()
    async with FakeSlack(world, port=options.port, faults=faults) as slack:
        state = slack.write_storage_state(options.storage_state)
        print(_instructions(slack, state), flush=True)
        if options.scenario == "small" and sys.stdin.isatty():
            print("Enter lets a day pass in Lantern Bay.", flush=True)
            asyncio.get_running_loop().add_reader(sys.stdin, _day_passes, world)
        await asyncio.Event().wait()


def _day_passes(world: Workspace) -> None:
    """Once: what happens on the second day happened then."""
    asyncio.get_running_loop().remove_reader(sys.stdin)
    play(world, scenarios.second())
    print("It is tomorrow. Run again to see what changed.", flush=True)


def main() -> None:
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(_options()))
    except OSError as error:
        sys.exit(f"Cannot listen: {error.strerror or error}. Choose another --port.")


if __name__ == "__main__":
    main()
