"""`polyhost serve`: the command that starts the server, installs it as a service, or makes a new sign-in link.

Owns: its options, its signals, what it prints. Must not know: what the server does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from polyhost.errors import ExitStatus

__all__ = ["serve_command"]

DRAINED_SECONDS = 50.0
"""Runs have 30 s to keep what they have read, then everything is let go; a service manager kills after 60 s."""


def serve_command() -> click.Command:
    """The command. What it needs is imported when it is called: help stays instant."""
    return click.Command(
        "serve",
        callback=_serve,
        params=[
            click.Option(
                ["--port"], type=click.IntRange(1, 65_535), metavar="N", help="The port on this machine. Default: 8787."
            ),
            click.Option(
                ["--link"], is_flag=True, help="Print a new sign-in link of the server that is running, and end."
            ),
            click.Option(
                ["--by-address"],
                is_flag=True,
                help="With --link, for a browser that does not find names below localhost: a link to 127.0.0.1. Every "
                "server of this machine that the browser visits is sent that sign-in, so it lasts an hour, and twelve "
                "in use.",
            ),
            click.Option(
                ["--install"], is_flag=True, help="Write a service file for your session, and say how to start it."
            ),
            click.Option(["--uninstall"], is_flag=True, help="Take that file away again."),
            click.Option(
                ["--json", "as_json"],
                is_flag=True,
                help="One JSON value on stdout: where it answers and the link; or what was written, and what is next.",
            ),
        ],
        help="Show the dashboard, answer the owner API, and run what is due.\n\n"
        "It answers on this machine only. It prints a link that signs your browser in, once, within five minutes. "
        "The first Ctrl-C ends all runs and keeps what they have read; a second one leaves at once.",
        short_help="Show the dashboard, answer the owner API, run what is due.",
        epilog="\b\nExamples:\n  polyhost serve\n  polyhost serve --link\n  polyhost serve --link --by-address\n"
        "  polyhost serve --install\n"
        "  polyhost serve --install --json | jq -r '.next[]'",
    )


def _serve(port: int | None, link: bool, by_address: bool, install: bool, uninstall: bool, as_json: bool) -> None:
    from polyhost.cli.interpreter import run  # noqa: PLC0415
    from polyhost.cli.runner import complain  # noqa: PLC0415
    from polyhost.errors import PolyhostError, RefusedError  # noqa: PLC0415
    from polyhost.operations.context import default_home, platform_home  # noqa: PLC0415

    given: Path | None = click.get_current_context().find_root().params["home"]
    home = (given or default_home()).expanduser().absolute()
    try:
        if link + install + uninstall > 1:
            raise RefusedError("--link, --install and --uninstall exclude each other", "Give one of them.")
        if by_address and not link:
            raise RefusedError("--by-address is about a link", "Give it with --link.")
        if install or uninstall:
            _service(home, port, default_home=home == platform_home(), remove=uninstall, as_json=as_json)
        elif link:
            from polyhost.server.links import ask_for_link  # noqa: PLC0415

            made = asyncio.run(ask_for_link(home, port, by_address=by_address))
            _say({"link": made}, made, as_json=as_json)
        else:
            run(_answer(home, port, as_json=as_json))
    except PolyhostError as error:
        sys.exit(complain(error, as_json=as_json))


def _say(value: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """The same for a program, or for a person."""
    if as_json:
        import orjson  # noqa: PLC0415

        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
    else:
        click.echo(text)
    sys.stdout.flush()


def _service(home: Path, port: int | None, *, default_home: bool, remove: bool, as_json: bool) -> None:
    from polyhost.server.service import Service, install, manager_here, uninstall  # noqa: PLC0415

    service = Service(home=home, port=port, default_home=default_home)
    manager = manager_here()
    done = (uninstall if remove else install)(service, manager)
    said = "Removed" if remove else "Wrote" if done.changed else "There already:"
    following = "\n\nNext:\n" + "\n".join(f"  {line}" for line in done.next) if done.next else ""
    value = {
        "path": str(done.path),
        "manager": manager,
        "done": "removed" if remove else "written" if done.changed else "unchanged",
        "content": None if remove else service.text(manager).decode(),
        "next": list(done.next),
    }
    _say(value, f"{said} {done.path}{following}", as_json=as_json)


async def _answer(home: Path, port: int | None, *, as_json: bool) -> None:
    from polyhost.cli.interpreter import tune_interpreter  # noqa: PLC0415
    from polyhost.server.logs import catch_strays, log_as_json  # noqa: PLC0415
    from polyhost.server.serving import serving  # noqa: PLC0415

    stopped = _stopped_by_signal()
    log_as_json()
    catch_strays()
    async with serving(home, port=port) as server:
        tune_interpreter()
        address, link = f"http://{server.address}/", server.link()
        told = f"polyhost answers at {address} (Ctrl-C stops it)\nSign in, once, within five minutes: {link}"
        _say({"address": address, "link": link}, told, as_json=as_json)
        await stopped.wait()


def _stopped_by_signal() -> asyncio.Event:
    """Set by the first signal; the second ends the process at once, which the store survives."""
    from polyhost.cli.leaving import leave_within  # noqa: PLC0415

    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():
            leave()
        leave_within(DRAINED_SECONDS)
        click.echo("polyhost: stopping; what is read so far is kept. Ctrl-C again to leave at once.", err=True)
        stopped.set()

    def leave() -> NoReturn:
        os._exit(ExitStatus.CANCELLED)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # started with nohup: it goes on without its terminal
            loop.add_signal_handler(number, stop)
    return stopped
