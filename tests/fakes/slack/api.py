"""One API call from its fields to its answer: faults, then authentication, then the method. No HTTP library here.

Must not know: sockets, pages.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fakes.slack.behaviour import Behaviour
from fakes.slack.faults import (
    ApiError,
    Circle,
    CutJson,
    EmptyPage,
    ExpireCursor,
    ExpireSession,
    Fault,
    Faults,
    HtmlBody,
    HttpStatus,
    Odd,
    RateLimit,
    Stall,
)
from fakes.slack.log import RequestLog
from fakes.slack.methods import REGISTRY, Call, Method, Params, SlackError
from fakes.slack.oddities import bent, ids_in
from fakes.slack.session import Session
from fakes.slack.world import Workspace

__all__ = ["Api", "ApiRequest", "Reply"]

SKIPPED = "skip"  # the cursor of an empty page wraps the cursor of the page it stands before
FIRST_PAGE = "-"
ROUND = "round"  # the cursor of a page that leads back, with a number that makes it another one
MAINTENANCE = "<!DOCTYPE html><html><head><title>Slack</title></head><body><h1>Server Error</h1></body></html>"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What arrived. `workspace`: the domain of the host it came to, None for the client's own host."""

    host: str
    method: str
    fields: Mapping[str, str]
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    workspace: str | None = None
    authorization: bool = False
    is_form: bool = True
    is_post: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: JSON, or a text where something is broken."""

    body: dict[str, Any] | str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """All workspaces' methods behind one front."""

    def __init__(self, session: Session, behaviour: Behaviour, faults: Faults, log: RequestLog) -> None:
        self._session = session
        self._behaviour = behaviour
        self._faults = faults
        self._log = log
        self._rounds = itertools.count(1)

    def fault(self, request: ApiRequest) -> tuple[Fault, ...]:
        """The rules that strike this call: one, or several that bend its answer."""
        return self._faults.next(request.method, request.fields, lambda: self._would_hold(request))

    def answer(self, request: ApiRequest, faults: Sequence[Fault] = ()) -> Reply:
        reply, outcome = self._broken(faults[0]) if faults else (None, "")
        if reply is None:
            reply, outcome = self._working(request, faults)
        self._log.add(request.host, request.method, request.fields, outcome)
        return reply

    def _would_hold(self, request: ApiRequest) -> frozenset[str]:
        """What an undisturbed answer would hold. Nothing of it is logged: the call has not been answered yet."""
        reply, _ = Api(self._session, self._behaviour, Faults(), RequestLog())._working(request, ())
        return ids_in(reply.body) if isinstance(reply.body, dict) else frozenset()

    def _broken(self, fault: Fault) -> tuple[Reply | None, str]:
        match fault.action:
            case RateLimit(retry_after=seconds, as_ok=as_ok):
                body = {"ok": False, "error": "ratelimited"}
                reply = Reply(body) if as_ok else Reply(body, 429, {"Retry-After": str(seconds)})
                return reply, "ratelimited"
            case HttpStatus(status=status):
                return Reply("upstream connect error", status), f"http {status}"
            case HtmlBody(status=status):
                return Reply(MAINTENANCE, status, {"Content-Type": "text/html; charset=utf-8"}), "html"
            case CutJson():
                return Reply('{"ok": true, "messages": [{"type": "mess'), "cut json"
            case ApiError(error=error):
                return Reply({"ok": False, "error": error}), error
            case ExpireSession():
                self._session.expire()
                return Reply({"ok": False, "error": "invalid_auth"}), "invalid_auth"
            case ExpireCursor():
                return Reply({"ok": False, "error": "invalid_cursor"}), "invalid_cursor"
            case _:
                return None, ""

    def _working(self, request: ApiRequest, faults: Sequence[Fault]) -> tuple[Reply, str]:
        try:
            world, user = self._authenticate(request)
            method = self._find(request)
            fields = _unwrapped(request.fields)
            answer = method.answer(Call(world, user, Params(fields), self._behaviour, self._log.violations))
        except SlackError as error:
            return Reply({"ok": False, "error": error.code} | error.details), error.code
        for fault in faults:
            answer = self._altered(answer, fault, method, fields.get("cursor") or FIRST_PAGE)
        return Reply({"ok": True} | answer), "ok"

    def _altered(self, answer: dict[str, Any], fault: Fault, method: Method, cursor: str) -> dict[str, Any]:
        """What a rule makes of an answer that it does not replace."""
        match fault.action:
            case EmptyPage() if method.items:
                return answer | {method.items: []} | _leading_to(SKIPPED, cursor)
            case Circle(fresh=fresh) if method.items and not answer.get("response_metadata", {}).get("next_cursor"):
                return answer | self._back_to(FIRST_PAGE, fresh=fresh)
            case Stall(fresh=fresh) if method.items:
                return answer | self._back_to(cursor, fresh=fresh)
            case Odd() as odd:
                return bent(answer, odd, fault.holding)
            case _:
                return answer

    def _back_to(self, cursor: str, *, fresh: bool) -> dict[str, Any]:
        return _leading_to(f"{ROUND}{next(self._rounds) if fresh else ''}", cursor)

    def _find(self, request: ApiRequest) -> Method:
        method = REGISTRY.get(request.method)
        if method is None or request.method in self._behaviour.missing_methods:
            raise SlackError("unknown_method", req_method=request.method)
        for name in method.unknown_params(request.fields):
            self._log.violations.append(f"{request.method} was sent the unknown parameter {name}")
        return method

    def _authenticate(self, request: ApiRequest) -> tuple[Workspace, str]:
        """Cookie and token together, the token in the body of a form, for the workspace of the host."""
        if request.authorization:
            self._log.violations.append(f"{request.method} was sent an Authorization header")
        if not request.is_post and "token" in request.query:
            self._log.violations.append(f"{request.method} was sent its token in the URL")
        if not request.is_form:
            raise SlackError("invalid_form_data")
        token = request.fields.get("token", "")
        if not token:
            raise SlackError("not_authed")
        holder = self._session.holder(token)
        if holder is None or holder[0] not in self._session.signed_in(request.cookies):
            raise SlackError("invalid_auth")
        if request.workspace is not None and holder[0].domain != request.workspace:
            raise SlackError("invalid_auth")
        if holder[0].users[holder[1]].deleted:
            raise SlackError("account_inactive")
        return holder


def _leading_to(kind: str, cursor: str) -> dict[str, Any]:
    following = base64.b64encode(f"{kind}:{cursor}".encode()).decode()
    return {"has_more": True, "response_metadata": {"next_cursor": following}}


def _unwrapped(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields, a cursor that a rule has made replaced by the one it stands for."""
    plain = dict(fields)
    try:
        kind, _, inner = base64.b64decode(plain.get("cursor", ""), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return plain
    if kind == SKIPPED or kind.startswith(ROUND):
        plain["cursor"] = "" if inner == FIRST_PAGE else inner
        return _unwrapped(plain)
    return plain
