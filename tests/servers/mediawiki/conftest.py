"""A wiki that is installed once, and copies of it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from servers.mediawiki.wiki import MEDIAWIKI, Wiki, make_template
from servers.mediawiki.world import World, a_world


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    if not MEDIAWIKI.is_dir():
        pytest.skip(f"no MediaWiki in {MEDIAWIKI}: ./scripts/test servers installs Debian's")
    return make_template(tmp_path_factory.mktemp("template") / "wiki")


@pytest.fixture(scope="module")
async def world(template: Wiki, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests of a file, collected once."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(a_world(template, tmp_path_factory.mktemp("world"), two_ports()))
        ended = await made.run()
        assert ended.exit_code == 0, ended.stdout
        yield made


@pytest.fixture
async def new_world(template: Wiki, tmp_path: Path) -> AsyncIterator[World]:
    """One of a test's own, nothing of which is collected."""
    async with a_world(template, tmp_path, two_ports()) as made:
        yield made


@pytest.fixture
async def unconnected(template: Wiki, tmp_path: Path) -> AsyncIterator[World]:
    """One to which nobody is connected."""
    async with a_world(template, tmp_path, two_ports(), connected=False) as made:
        yield made


def two_ports() -> tuple[int, int]:
    """Free ones, of this machine alone."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
