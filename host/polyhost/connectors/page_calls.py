"""What a polyfill's script asks of its host: each call with typed arguments, read here and nowhere else, and answered.

Owns: the calls and their bounds, the sentence a wrong one is refused with, the count of those. Must not know: pages,
how an answer travels, what is stored.

A wrong call costs itself: the script gets an error with a sentence, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from polyhost.browser.fence import Fence
from polyhost.browser.governor import Gate
from polyhost.connectors.base import HostCalls, Traffic
from polyhost.errors import PolyhostError, RefusedError
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.keys import MAX_KEY
from polyhost.protocol.messages import MAX_CURSOR, MAX_NAME
from polyhost.protocol.named_hosts import MAX_NAMED, NamedHost, NamedHostError, read_named_hosts
from polyhost.protocol.site_address import site_address

__all__ = ["MAX_GROUPS", "WRONG_CALL", "Naming", "PageCalls"]

WRONG_CALL = "wrong_call"
"""The code of a refusal for wrong arguments: the script's own fault, and no reason to end anything else."""

MAX_ENDPOINT = 255
"""Characters of an endpoint's name: a path at most, for the owner's figures."""
MAX_HOST = 253
"""Characters of a host's name, as DNS has it."""
MAX_OUTCOMES = 1_000
"""Answers told of with one permit; the SDK tells of each with the next one."""
MAX_GROUPS = 10_000
"""Groups asked about at once: a page has a few hundred heads at most."""
MAX_FENCED = 10
"""Hosts of one attempt that are noted (polyfills/sdk/polyfill.js names no more)."""
MAX_HEADER = 255
"""Characters of a Retry-After header: a number, or a date of 29."""
MAX_FILE_HEADERS = 20
"""Headers of one host's files, and hosts they are given for: a site needs one or two."""
MAX_HEADER_VALUE = 8_192
"""Characters of such a header; servers refuse longer ones."""
_OTHER = "(other)"
Naming = Callable[[Sequence[NamedHost]], Awaitable[None]]
"""Keeps hosts that a site has named."""


class _Call(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


_Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
_Key = Annotated[str, Field(min_length=1, max_length=MAX_KEY)]
_Endpoint = Annotated[str, Field(min_length=1, max_length=MAX_ENDPOINT)]
_Host = Annotated[str, Field(max_length=MAX_HOST)]
_Status = Annotated[int, Field(ge=0, le=999)]
_Outcome = Annotated[tuple[_Endpoint, _Status], Strict(False)]  # JSON has arrays only
_Cursor = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR)]


class _Permit(_Call):
    endpoint: _Endpoint
    host: _Host
    outcomes: Annotated[tuple[_Outcome, ...], Strict(False), Field(max_length=MAX_OUTCOMES)]


class _Retry(_Call):
    endpoint: _Endpoint
    status: _Status
    attempt: Annotated[int, Field(ge=1, le=1_000_000)]
    retry_after: Annotated[str, Field(max_length=MAX_HEADER)] | None
    pause: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds that the body of the answer asks for, as the script reads it."""


class _Fenced(_Call):
    hosts: Annotated[tuple[str, ...], Strict(False), Field(max_length=MAX_FENCED)]


class _Windows(_Call):
    stream: _Name
    partition: _Key


class _Groups(_Call):
    stream: _Name
    partition: _Key
    ids: Annotated[tuple[_Cursor, ...], Strict(False), Field(max_length=MAX_GROUPS)]


class _Arrivals(_Call):
    stream: _Name
    partition: _Key | None = None


class _Exceptions(_Call):
    stream: _Name
    partition: _Key | None = None


_HeaderName = Annotated[str, Field(max_length=100, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
_HeaderValue = Annotated[str, Field(max_length=MAX_HEADER_VALUE, pattern=r"^[\x20-\x7e]*$")]


class _FileHeaders(_Call):
    host: _Host
    headers: Annotated[dict[_HeaderName, _HeaderValue], Field(max_length=MAX_FILE_HEADERS)]


class _Discovered(_Call):
    hosts: Annotated[tuple[dict[str, Any], ...], Strict(False), Field(max_length=MAX_NAMED)]


class _Refused(_Call):
    method: Annotated[str, Field(max_length=MAX_NAME)]


@dataclass(frozen=True, slots=True)
class _Answer:
    reads: type[_Call]
    gives: Callable[[PageCalls, Any], Coroutine[Any, Any, Any]]


class PageCalls:
    """Answers one run's calls."""

    def __init__(
        self,
        calls: HostCalls,
        gate: Gate,
        fence: Fence,
        traffic: Traffic,
        *,
        site: str | None = None,
        named: Naming | None = None,
    ) -> None:
        self._site = None if site is None else site_address(site, allow_private=True)
        self._named = named
        self._calls = calls
        self._gate = gate
        self._fence = fence
        self._traffic = traffic
        self.file_headers: dict[str, dict[str, str]] = {}
        """What the files of a declared host are asked for with, as the script gave it last."""

    async def answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """`{result}`, or `{refusal, code}` where it is wrong, or cannot be granted."""
        known = _ANSWERS.get(method)
        if known is None:
            return self._refuse(_OTHER, "The script called the host by a name it does not know")
        arguments, fault = _read(known.reads, params)
        if arguments is None:
            return self._refuse(method, f"host.{method}: {fault}")
        try:
            return {"result": await known.gives(self, arguments)}
        except PolyhostError as error:
            return {"refusal": str(error), "code": error.code}
        except NamedHostError as error:
            return self._refuse(method, f"host.{method}: {error}")

    def _refuse(self, method: str, why: str) -> dict[str, Any]:
        self._count(method)
        return {"refusal": f"{why}. See polyfill.d.ts.", "code": WRONG_CALL}

    def _count(self, method: str) -> None:
        self._traffic.refused[method] = self._traffic.refused.get(method, 0) + 1

    async def permit(self, asked: _Permit) -> bool:
        for endpoint, status in asked.outcomes:
            self._gate.outcome(endpoint, status)
        if self._fence.refuse(asked.host):
            raise RefusedError(f"{asked.host} is not among the manifest's polyfill.hosts", "Declare it there.")
        await self._gate.permit(asked.endpoint)
        return True

    async def retry(self, asked: _Retry) -> bool:
        return await self._gate.retry(asked.endpoint, asked.status, asked.attempt, asked.retry_after, asked.pause)

    async def fenced(self, asked: _Fenced) -> bool:
        for host in asked.hosts:
            self._fence.note(host)
        return True

    async def windows(self, asked: _Windows) -> list[dict[str, Any]]:
        return await self._calls.windows(asked.stream, asked.partition)

    async def groups(self, asked: _Groups) -> dict[str, dict[str, Any]]:
        return await self._calls.groups(asked.stream, asked.partition, asked.ids)

    async def arrivals(self, asked: _Arrivals) -> str | None:
        return await self._calls.arrivals(asked.stream, asked.partition)

    async def exceptions(self, asked: _Exceptions) -> list[dict[str, Any]]:
        return await self._calls.due_exceptions(asked.stream, asked.partition)

    async def give_file_headers(self, asked: _FileHeaders) -> bool:
        """Kept for this run, in memory alone."""
        if asked.host not in self._fence.hosts:
            raise RefusedError(
                "host.fileHeaders: host is not one of the manifest's polyfill.hosts", "Give it as it is declared there."
            )
        if asked.host not in self.file_headers and len(self.file_headers) >= MAX_FILE_HEADERS:
            raise RefusedError(
                f"host.fileHeaders: host is one more than {MAX_FILE_HEADERS} that have headers", "Give them fewer."
            )
        self.file_headers[asked.host] = asked.headers
        return True

    async def discovered(self, asked: _Discovered) -> list[str]:
        """Those that may be reached now. What may not is kept for the owner, and told of."""
        if self._site is None:
            raise RefusedError(
                "host.discovered: hosts are named by a site that its owner hosts", "Declare its setup_field."
            )
        named = read_named_hosts(self._site, asked.hosts)
        reached = [host.host for host in named if allows_url(self._fence.hosts, host.host)]
        if self._named is not None:
            await self._named(named)
        self._traffic.unagreed.update({host.host: None for host in named if host.host not in reached})
        return reached

    async def refused(self, asked: _Refused) -> bool:
        """The SDK has refused a call itself, before anything of it left the page; here it is only counted."""
        self._count(asked.method if asked.method in _SDK_METHODS else _OTHER)
        return True


_ANSWERS: Mapping[str, _Answer] = {
    "permit": _Answer(_Permit, PageCalls.permit),
    "retry": _Answer(_Retry, PageCalls.retry),
    "fenced": _Answer(_Fenced, PageCalls.fenced),
    "windows": _Answer(_Windows, PageCalls.windows),
    "groups": _Answer(_Groups, PageCalls.groups),
    "arrivals": _Answer(_Arrivals, PageCalls.arrivals),
    "exceptions": _Answer(_Exceptions, PageCalls.exceptions),
    "fileHeaders": _Answer(_FileHeaders, PageCalls.give_file_headers),
    "discovered": _Answer(_Discovered, PageCalls.discovered),
    "refused": _Answer(_Refused, PageCalls.refused),
}
_SDK_METHODS = frozenset(
    {"scope", "emit", "inventory", "covered", "windows", "groups", "state", "request", "progress", "skip", "ask"}
    | {
        "arrivals",
        "arrived",
        "forget",
        "sleep",
        "parse",
        "fail",
        "exception",
        "exceptions",
        "fields",
        "emitEach",
        "pages",
        "isUp",
        "fileHeaders",
        "slowDown",
        "moveTo",
        "enumerated",
        "hidden",
        "discovered",
    }
)
"""What `host` has in polyfill.d.ts: the names that a count may be kept by."""


def _read(model: type[_Call], params: Mapping[str, Any]) -> tuple[_Call | None, str]:
    """The arguments, or which of them is wrong: names of declared ones and positions, never what the script gave."""
    try:
        return model.model_validate(params), ""
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return None, f"{where} is wrong ({first['type']})"
