"""A MediaWiki of a test: Debian's, under PHP's own server, all of it in one folder.

It is installed once (`make_template`) and copied for each world; a copy starts within a second or two. Owns: its folder
and processes, the maintenance scripts. Must not know: any polyfill, what is asked of the wiki.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from servers.mediawiki.history import SEEDED, dump

__all__ = ["MEDIAWIKI", "PASSWORD", "PEOPLE", "Wiki", "a_copy", "make_template", "started"]

MEDIAWIKI = Path("/usr/share/mediawiki")
SETTINGS = Path(__file__).with_name("settings.php")
PASSWORD = "harbour-pass-1"
ROOT_USER = "Root"
PEOPLE = ("Adelaide", "Bob", "Cleo")
WORKERS = 3
"""Requests that are answered at a time: a page asks for its scripts while it is asked something."""
LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Wiki:
    """`address`: where people reach it, without a slash at its end; `port`: where PHP listens."""

    folder: Path
    address: str = "http://127.0.0.1:1"
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "WIKI_FOLDER": str(self.folder),
            "WIKI_ADDRESS": self.address,
            "MW_CONFIG_FILE": str(SETTINGS),
            "PHP_CLI_SERVER_WORKERS": str(WORKERS),
        }

    def maintain(self, script: str, *words: str, told: str | None = None) -> str:
        """One of MediaWiki's maintenance scripts, run to its end; `told` is its stdin."""
        ended = subprocess.run(
            ["php", str(MEDIAWIKI / "maintenance" / script), *words],
            env=self.environment,
            input=told,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert ended.returncode == 0, (script, ended.stdout[-500:], ended.stderr[-500:])
        return ended.stdout

    def take_dump(self, text: str) -> None:
        """Revisions of another wiki, or of long ago: neither recent changes nor the log tell of them."""
        self.maintain("importDump.php", "--username-prefix=other", told=text)

    def do_jobs(self) -> None:
        """What the wiki put off."""
        self.maintain("runJobs.php")


def make_template(folder: Path) -> Wiki:
    """Installed, with its people and what they wrote long ago."""
    for name in ("data", "cache", "images", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "root" / "w").symlink_to(MEDIAWIKI)
    (folder / "root" / "images").symlink_to("../images")
    wiki = Wiki(folder)
    made = subprocess.run(
        [
            *("php", str(MEDIAWIKI / "maintenance" / "install.php"), "--dbtype=sqlite", "--dbname=wiki"),
            *(f"--dbpath={folder / 'data'}", "--server=http://127.0.0.1", "--scriptpath=/w", "--lang=en"),
            *(f"--pass={PASSWORD}", f"--confpath={folder / 'cache'}", "Harbour", ROOT_USER),
        ],
        env={name: value for name, value in wiki.environment.items() if name != "MW_CONFIG_FILE"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-500:]
    (folder / "cache" / "LocalSettings.php").unlink()
    for name in PEOPLE:
        wiki.maintain("createAndPromote.php", name, PASSWORD)
    wiki.take_dump(dump(SEEDED))
    return wiki


def a_copy(template: Wiki, folder: Path) -> Path:
    shutil.copytree(template.folder, folder, symlinks=True)
    return folder


@asynccontextmanager
async def started(folder: Path, address: str, port: int) -> AsyncIterator[Wiki]:
    """Answering, until the end of the block."""
    wiki = Wiki(folder, address, port)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  it is there at once
            ["php", "-d", "opcache.enable_cli=1", "-S", f"127.0.0.1:{port}", "-t", str(folder / "root")],
            env=wiki.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await _answers(port)
        yield wiki
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)


async def _answers(port: int) -> None:
    async with asyncio.timeout(LONGEST), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/w/api.php?action=query&format=json") as answer:
                    assert answer.status == 200, await answer.text()
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
