"""Fetching files from where a source says they are: one at a time, in flat memory, going on where it was cut off.

Every request leaves through a proxy of the host's own (polyhost.proxy), which judges names and addresses as it does for
the browser of a run. Redirects are followed here, each judged and given its own cookies and headers anew.

Owns: the order of one fetch, and what becomes of it. Must not know: which files there are, where results are noted, how
fast a site may be asked (`permit` waits for that).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, Self, cast

from aiohttp import ClientHttpProxyError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential
from yarl import URL

from polyhost.browser.governor import retry_after_seconds
from polyhost.files.access import FileAccess, file_url, host_of, leads_to
from polyhost.files.answers import NOT_SATISFIABLE, STATE_AFTER, Head, StoppedError, read_head, reason_of
from polyhost.files.body import Overlap, Pace, Sink, Unpacker, in_thread
from polyhost.files.contents import Contents
from polyhost.files.partial import Origin, Partial
from polyhost.files.settling import Settling
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.host_patterns import allows_url
from polyhost.proxy import Attempt, Network, Policy, Verdict, serve

__all__ = ["DownloadLimits", "Downloads", "Fetched", "Wanted"]

MAX_REDIRECTS = 5
"""A site's file host sends on to a signed storage host, perhaps through a shorter name of it; more is a loop."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OVERLAP_BYTES = 4_096
"""So much of what is here is asked for again, to see that the server goes on with the same bytes."""
_READ_BYTES = 1 << 20
_MAX_VERDICTS = 1_000
_GOES_ON = frozenset({FileReason.CUT_OFF, FileReason.TOO_SLOW, FileReason.NO_ANSWER, FileReason.SERVER_ERROR})
"""After these, what has come is kept."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, as its source declares it. `file_id`: its number in the store, by which what has come of it is found
    again; `size`: bytes."""

    file_id: int
    address: str
    name: str | None = None
    type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of it. `status`: of the answer that refused it; `retry_after`: seconds for which the site asks to be
    left alone."""

    state: FileState
    reason: FileReason | None = None
    content: Content | None = None
    status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """What a server may cost. Seconds, but where it says bytes."""

    answer_seconds: float = 60.0  # until an answer begins: some servers make a file when it is asked for
    idle_seconds: float = 30.0  # without a byte
    slow_seconds: float = 60.0  # a window of
    slow_bytes: float = 1_000.0  # a second, on average over it; a modem had five times that
    attempts: int = 3  # of one fetch, where the connection fails
    again_seconds: float = 1.0  # before the second attempt, twice that before the third


class _BeginAnewError(Exception):
    """The server does not go on with the bytes that are here."""


async def _at_once(_host: str) -> None:
    """Nobody paces."""


async def _unnoted(_kept: Sequence[tuple[Wanted, Content]]) -> None:
    """Nobody notes."""


class Downloads:
    """Fetches as long as it is entered. `access` may be replaced in between, by that of a session that was renewed."""

    def __init__(
        self,
        contents: Contents,
        access: FileAccess,
        policy: Policy,
        *,
        limits: DownloadLimits | None = None,
        permit: Callable[[str], Awaitable[None]] = _at_once,
        note: Callable[[Sequence[tuple[Wanted, Content]]], Awaitable[None]] = _unnoted,
        heard: Callable[[Attempt], None] = lambda _: None,
        network: Network | None = None,
        tls: ssl.SSLContext | None = None,
        own_tls: tuple[ssl.SSLContext, Sequence[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`policy`: whom the proxy lets through; `permit`: waits until this host may be sent a request; `note` is
        awaited with what is here while nobody may take it out as rubbish: it writes into the store whose it is;
        `heard`: told of every attempt to reach a host; `tls`: who is trusted, other than those the system trusts;
        `own_tls`: who is at these hosts (patterns), and only there."""
        self.access = access
        self._contents = contents
        self._settling = Settling(contents, note)
        self._policy = policy
        self._limits = limits or DownloadLimits()
        self._permit = permit
        self._heard = heard
        self._network = network
        self._tls = tls
        self._own_tls = own_tls
        self._clock = clock
        self._verdicts: dict[tuple[str, int], Verdict] = {}
        self._open = AsyncExitStack()
        self._client: ClientSession | None = None
        self._proxy = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            proxy = await opening.enter_async_context(serve(self._policy, heard=self._hear, network=self._network))
            self._proxy = f"http://127.0.0.1:{proxy.port}"
            self._client = await opening.enter_async_context(
                ClientSession(
                    connector=TCPConnector(ssl=True if self._tls is None else self._tls),
                    cookie_jar=DummyCookieJar(),
                    auto_decompress=False,
                    timeout=ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None),
                    read_bufsize=_READ_BYTES,
                    skip_auto_headers=("User-Agent",),
                )
            )
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._open.aclose()

    async def fetch(self, wanted: Wanted, max_size: int, *, came: Callable[[int], None] = lambda _: None) -> Fetched:
        """Fetch it, `max_size` bytes at most; what is here then is noted. Whatever a server does is a result; errors
        are this machine's: OSError where the disk does not take it. `came` is told how many bytes it has once they are
        all here and only the disk and the store are waited for: another may be fetched meanwhile."""
        try:
            return await self._fetched(wanted, _url_of(wanted, max_size), max_size, came)
        except StoppedError as stopped:
            state, wait = STATE_AFTER[stopped.reason], stopped.retry_after
            return Fetched(state, stopped.reason, status=stopped.status, retry_after=wait)

    async def _fetched(self, wanted: Wanted, url: URL, max_size: int, came: Callable[[int], None]) -> Fetched:
        partial = await in_thread(self._contents.partial, f"file {wanted.file_id}")
        try:
            await self._transferred(partial, wanted, url, max_size)
            came(partial.size)
            return Fetched(FileState.HERE, content=await self._settling.settle(partial, wanted))
        except StoppedError as stopped:
            if stopped.reason not in _GOES_ON:
                await in_thread(partial.discard)
            raise
        finally:
            if not partial.has_ended:
                await in_thread(partial.close)

    async def _transferred(self, partial: Partial, wanted: Wanted, url: URL, max_size: int) -> None:
        """All of it is in the partial, and is what is wanted."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(self._limits.attempts),
            wait=wait_exponential(multiplier=self._limits.again_seconds),
            retry=retry_if_exception(lambda error: isinstance(error, StoppedError) and error.again),
            reraise=True,
        ):
            with attempt:
                try:
                    await self._attempt(partial, wanted, url, max_size, goes_on=_may_go_on(partial, wanted.address))
                except _BeginAnewError:
                    await self._anew(partial, wanted, url, max_size)

    async def _anew(self, partial: Partial, wanted: Wanted, url: URL, max_size: int) -> None:
        try:
            await self._attempt(partial, wanted, url, max_size, goes_on=False)
        except _BeginAnewError:
            raise StoppedError(FileReason.SERVER_ERROR) from None

    async def _attempt(self, partial: Partial, wanted: Wanted, url: URL, max_size: int, *, goes_on: bool) -> None:
        """StoppedError; _BeginAnewError only where it goes on."""
        have = partial.size if goes_on else 0
        origin = partial.origin
        sink = Sink(partial, declared_type=wanted.type, name=wanted.name, size=wanted.size, max_size=max_size)
        if goes_on and origin is not None and have == origin.total:  # it was all here, and nobody came to keep it
            sink.announce(have)
            await sink.end()
        else:
            await self._received(partial, sink, wanted, url, have)

    async def _received(self, partial: Partial, sink: Sink, wanted: Wanted, url: URL, have: int) -> None:
        first = max(0, have - _OVERLAP_BYTES)
        going_on: dict[str, str] = {}
        if have and partial.origin is not None and partial.origin.validator is not None:
            going_on = {"Range": f"bytes={first}-", "If-Range": partial.origin.validator}
        response = await self._ask(url, going_on)
        try:
            if response.status == NOT_SATISFIABLE and going_on:
                raise _BeginAnewError
            self._refuse(response)
            head = read_head(response.status, response.headers, declared_type=wanted.type, name=wanted.name)
            if head is None or (head.is_range and not _goes_on(head, partial, first, asked=bool(going_on))):
                raise _BeginAnewError if going_on else StoppedError(FileReason.SERVER_ERROR)
            if not head.is_range:
                origin = Origin.of(wanted.address, validator=head.validator, total=head.total)
                sink.begin(origin)
            sink.comes_as(response.headers.get("Content-Type"))
            if head.total is not None:
                sink.announce(head.total)
            overlap = await in_thread(partial.read, first, have - first) if head.is_range else b""
            await self._read(response, head, Overlap(overlap), sink)
        finally:
            response.close()

    async def _read(self, response: ClientResponse, head: Head, overlap: Overlap, sink: Sink) -> None:
        """Whatever ends it, what came is written."""
        try:
            await self._taken(response, head, overlap, sink)
        except BaseException:
            await sink.flush()
            raise

    async def _taken(self, response: ClientResponse, head: Head, overlap: Overlap, sink: Sink) -> None:
        """To its end."""
        unpacker = None if head.encoding is None else Unpacker(head.encoding)
        came = 0
        async with aclosing(self._pieces(response)) as pieces:
            async for data in pieces:
                came += len(data)
                new = overlap.strip(data)
                if new is None or (head.length is not None and came > head.length):
                    raise _BeginAnewError
                for piece in (new,) if unpacker is None else unpacker.feed(new):
                    await sink.take(piece)
        if (head.length is not None and came < head.length) or not overlap.is_over:
            raise StoppedError(FileReason.CUT_OFF, again=True)
        if unpacker is not None and not unpacker.is_at_end:
            raise StoppedError(FileReason.BROKEN_ENCODING)
        await sink.end(head.total, tells_its_end=head.tells_its_end)

    async def _pieces(self, response: ClientResponse) -> AsyncGenerator[bytes]:
        """StoppedError where it stops in the middle, or comes too slowly."""
        pace = Pace(least=self._limits.slow_bytes, seconds=self._limits.slow_seconds, now=self._clock())
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_seconds):
                    data = await response.content.readany()
            except TimeoutError:
                raise StoppedError(FileReason.TOO_SLOW) from None
            except Exception:  # whatever the client makes of what a server sent
                yield _rest(response)
                raise StoppedError(FileReason.CUT_OFF, again=True) from None
            if not data:
                return
            if pace.is_too_slow(len(data), self._clock()):
                raise StoppedError(FileReason.TOO_SLOW)
            yield data

    async def _ask(self, url: URL, going_on: dict[str, str]) -> ClientResponse:
        """The answer at the end of all redirects."""
        before: URL | None = None
        for _ in range(MAX_REDIRECTS + 1):
            if not self.access.may_ask(url, before):
                raise StoppedError(FileReason.UNDECLARED_HOST)
            await self._permit(host_of(url))
            sent = {**self.access.headers_for(url, time.time()), "Accept-Encoding": "identity", **going_on}
            response = await self._get(url, sent)
            if response.status not in _REDIRECTS:
                return response
            location = response.headers.get("Location", "")
            response.close()
            before, there = url, leads_to(url, location)
            if there is None:
                raise StoppedError(FileReason.BAD_ADDRESS)
            url = there
        raise StoppedError(FileReason.NO_ANSWER)

    async def _get(self, url: URL, headers: dict[str, str]) -> ClientResponse:
        assert self._client is not None  # noqa: S101  entered
        place = (host_of(url), url.port or 0)
        self._verdicts.pop(place, None)
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                return await self._client.get(
                    url, headers=headers, allow_redirects=False, proxy=self._proxy, ssl=self._trusted_at(url)
                )
        except Exception as error:  # whatever the client makes of what a server sent, or did not
            if self._verdicts.get(place) in (Verdict.UNDECLARED, Verdict.PRIVATE, Verdict.EXPOSED):
                raise StoppedError(FileReason.UNDECLARED_HOST) from None
            again = not isinstance(error, TimeoutError | ClientHttpProxyError)
            raise StoppedError(FileReason.NO_ANSWER, again=again) from None

    def _trusted_at(self, url: URL) -> ssl.SSLContext | bool:
        """True: whoever is trusted everywhere."""
        if self._own_tls is None or not allows_url(self._own_tls[1], str(url)):
            return True
        return self._own_tls[0]

    def _refuse(self, response: ClientResponse) -> None:
        reason = reason_of(response.status)
        if reason is None:
            return
        wait = retry_after_seconds(response.headers.get("Retry-After"), time.time())
        told = wait if reason is FileReason.SERVER_ERROR else None
        raise StoppedError(reason, status=response.status, retry_after=told)

    def _hear(self, attempt: Attempt) -> None:
        if len(self._verdicts) >= _MAX_VERDICTS:
            self._verdicts.clear()
        self._verdicts[(attempt.host, attempt.port)] = attempt.verdict
        self._heard(attempt)


def _rest(response: ClientResponse) -> bytes:
    """What came before the connection broke: the client hands it out once it is told to forget that."""
    response.content.set_exception(cast("Any", None))
    return response.content.read_nowait()


def _url_of(wanted: Wanted, max_size: int) -> URL:
    """Where to ask for it. StoppedError where it is not asked for at all."""
    if wanted.size is not None and wanted.size > max_size:
        raise StoppedError(FileReason.TOO_LARGE)
    url = file_url(wanted.address)
    if url is None:
        raise StoppedError(FileReason.BAD_ADDRESS)
    return url


def _may_go_on(partial: Partial, address: str) -> bool:
    origin = partial.origin
    return partial.size > 0 and origin is not None and origin.validator is not None and origin.is_of(address)


def _goes_on(head: Head, partial: Partial, first: int, *, asked: bool) -> bool:
    """Whether this is the part that was asked for, of the version that is here."""
    origin = partial.origin
    if not asked or origin is None or head.first != first:
        return False
    same_total = origin.total is None or head.total in (None, origin.total)
    return same_total and head.validator in (None, origin.validator)
