"""A running browser that leaves a call without an answer (what it lends is in e2e/test_other_ways_in.py)."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest
from playwright.async_api import Page

from polyhost.browser import attach
from polyhost.errors import RefusedError

TAB = cast("Page", object())


def connecting(monkeypatch: pytest.MonkeyPatch, *, hangs: int) -> list[str]:
    """The first so many connections never get their tab. Returns what was closed again."""
    closed: list[str] = []
    left = iter(range(hangs))

    async def connect(_url: str, _site: str, opening: AsyncExitStack) -> Any:
        opening.callback(closed.append, "connection")
        if next(left, None) is not None:
            await asyncio.Event().wait()
        return TAB

    monkeypatch.setattr(attach, "_connect", connect)
    monkeypatch.setattr(attach, "_OPEN_SECONDS", 0.05)
    return closed


@pytest.mark.requirement("HO-4")
async def test_a_tab_that_never_opens_is_asked_for_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = connecting(monkeypatch, hangs=1)
    async with AsyncExitStack() as reached:
        assert await attach._open_tab("http://127.0.0.1:9222", "Slack", reached) is TAB
        assert closed == ["connection"]
    assert closed == ["connection", "connection"]


@pytest.mark.requirement("HO-4")
async def test_a_browser_that_opens_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting(monkeypatch, hangs=2)
    async with AsyncExitStack() as reached:
        with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9222 answers, but opens no tab.*Close other tools"):
            await attach._open_tab("http://127.0.0.1:9222", "Slack", reached)
