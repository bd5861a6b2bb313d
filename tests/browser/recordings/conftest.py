"""The small site that the recording tests record."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .recording_site import Site, serving


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as started:
        yield started
