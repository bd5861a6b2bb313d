"""Fetching one file with what a page has to ask with: through the way out that its browser has, when its governor lets.

Owns: how a fetch, the store and the governor come together. Must not know: which file is next, what an answer means.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from polyhost.browser.site_access import SiteAccess
from polyhost.engine.clock import Clock
from polyhost.engine.files.step import Fetch
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.files.access import FileAccess
from polyhost.files.contents import Contents
from polyhost.files.downloads import Downloads, Fetched, Wanted
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.proxy import trusting
from polyhost.store.base import FileResult, FileRow, Store

__all__ = ["Downloading"]

ENDPOINT = "(files)"
"""What all requests for files are called in a run's figures, and paced by."""
_SLOW_DOWN = frozenset({429, 503})
_FAILED = 500
"""Whatever else a server in trouble says: it may be about one file, and slows down no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloading:
    """Into one connection of one home."""

    contents: Contents
    store: Store
    connection_id: int
    clock: Clock

    @asynccontextmanager
    async def open(self, site: SiteAccess) -> AsyncGenerator[Fetch]:
        """What fetches, as long as it is open."""
        options = site.options
        access = FileAccess(
            hosts=options.allow_hosts or (),
            cookies=site.cookies,
            user_agent=site.user_agent,
            referer=site.page,
            headers=site.headers,
        )

        async def permit(_host: str) -> None:
            await site.gate.permit(ENDPOINT)

        trusted = _trusting_anybody() if options.insecure_tls else None
        own = None if options.authority is None else (trusting(options.authority), options.authority_hosts)
        opened = Downloads(
            self.contents,
            access,
            options.policy,
            permit=permit,
            note=self._note_kept,
            tls=trusted,
            own_tls=own if trusted is None else None,
        )
        async with opened as downloads:

            async def fetch(row: FileRow, max_size: int, came: Callable[[int], None]) -> FileResult:
                return await self._fetch(downloads, site, row, max_size, came)

            yield fetch

    async def _fetch(
        self, downloads: Downloads, site: SiteAccess, row: FileRow, max_size: int, came: Callable[[int], None]
    ) -> FileResult:
        def heard(size: int) -> None:
            site.gate.outcome(ENDPOINT, 200)
            came(size)

        facts = row.facts
        wanted = Wanted(row.id, facts.address or "", facts.name, facts.type, facts.size)
        attempt = 1
        while True:
            fetched = await self._tried(downloads, wanted, max_size, heard)
            if fetched.reason is not FileReason.SERVER_ERROR:
                break
            told = None if fetched.retry_after is None else str(int(fetched.retry_after))
            status = fetched.status if fetched.status in _SLOW_DOWN else _FAILED
            if not await site.gate.rest(ENDPOINT, status, attempt, told):
                break
            attempt += 1
        result = self._result_of(row.id, fetched)
        if fetched.content is None:
            await self.store.files.save(self.connection_id, [result])
        return result

    async def _tried(self, downloads: Downloads, wanted: Wanted, max_size: int, came: Callable[[int], None]) -> Fetched:
        try:
            return await downloads.fetch(wanted, max_size, came=came)
        except OSError as error:
            raise RunFailedError(
                f"The home does not take the files: {error.strerror or 'it cannot be written to'}",
                "Make room, and run it again; what came is kept.",
                code=ErrorCode.DISK_FULL,
            ) from error

    async def _note_kept(self, kept: Sequence[tuple[Wanted, Content]]) -> None:
        results = [
            self._result_of(wanted.file_id, Fetched(FileState.HERE, content=content)) for wanted, content in kept
        ]
        await self.store.files.save(self.connection_id, results)

    def _result_of(self, file_id: int, fetched: Fetched) -> FileResult:
        return FileResult(file_id, fetched.state, fetched.reason, self.clock.iso(), fetched.content)


def _trusting_anybody() -> ssl.SSLContext:
    """For a test server of one's own, as `--insecure-tls` says; nothing but this machine is reached then."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
