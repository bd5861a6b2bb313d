"""Browsers that are signed in to the dashboard: listed, and signed out.

Must not know: how a browser signs in, how a server of this home is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.fields import argument, number
from polyhost.operations.operation import Group, Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = [
    "SIGN_INS_PATH",
    "SignIn",
    "SignInEndAllRequest",
    "SignInEndRequest",
    "SignInList",
    "SignInsKept",
    "SignInsListRequest",
    "SignedOut",
    "end",
    "end_all",
    "list_",
]

SIGN_INS_PATH = "/v1/sign-ins"
_GROUP = Group("sign-ins", "Browsers that are signed in to the dashboard.", Section.UPKEEP)


class SignIn(TypedDict):
    """One browser that is signed in. `browser`: the family it says it is of. `place`: `dashboard`, or `address` where
    it was signed in at 127.0.0.1 because it does not find the dashboard's name."""

    id: str
    browser: str
    place: Literal["dashboard", "address"]
    began_at: str
    last_used_at: str


class SignInList(TypedDict):
    """Every browser that is signed in, the one used last first."""

    sign_ins: list[SignIn]


class SignedOut(TypedDict):
    """How many browsers were signed out."""

    ended: int


class SignInsKept(Protocol):
    """The sign-ins of this home's server, in this process or another."""

    def listed(self) -> Awaitable[SignInList]: ...

    def end(self, sign_in: str) -> Awaitable[SignedOut]:
        """RefusedError `unknown_sign_in` where there is none of this id."""
        ...

    def end_all(self) -> Awaitable[SignedOut]: ...


def _port() -> Any:
    told = "The server's port, where it is not the one in the settings."
    return number(told, code=ErrorCode.REFUSED, least=1, most=65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInsListRequest:
    port: int | None = _port()


@operation(
    "list",
    "Show which browsers are signed in to the dashboard.",
    group=_GROUP,
    details="They are signed in at the server that is running; with it they are gone.",
    examples=("polyhost sign-ins list",),
    routes=(Route("GET", SIGN_INS_PATH, hidden=("port",)),),
)
async def list_(context: Context, request: SignInsListRequest) -> Result[SignInList]:
    """Every one, with when it began and was used last."""
    return Result(await _kept(context, request.port).listed())


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEndRequest:
    sign_in: str = argument("Which one, by its id: see polyhost sign-ins list.", metavar="SIGN_IN")
    port: int | None = _port()


@operation(
    "end",
    "Sign one browser out of the dashboard.",
    group=_GROUP,
    examples=("polyhost sign-ins end 3f9c02a17b6e",),
    routes=(Route("DELETE", f"{SIGN_INS_PATH}/{{sign_in}}", hidden=("port",)),),
    refusals=(ErrorCode.UNKNOWN_SIGN_IN,),
)
async def end(context: Context, request: SignInEndRequest) -> Result[SignedOut]:
    """Its cookie is worth nothing any more."""
    return Result(await _kept(context, request.port).end(request.sign_in))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEndAllRequest:
    port: int | None = _port()


@operation(
    "end-all",
    "Sign out everywhere: no browser is signed in to the dashboard any more.",
    group=_GROUP,
    details="Links that were not used yet are worth nothing any more, too. The token is not touched.",
    examples=("polyhost sign-ins end-all",),
    routes=(Route("DELETE", SIGN_INS_PATH, hidden=("port",)),),
)
async def end_all(context: Context, request: SignInEndAllRequest) -> Result[SignedOut]:
    """Every cookie is worth nothing any more."""
    return Result(await _kept(context, request.port).end_all())


def _kept(context: Context, port: int | None) -> SignInsKept:
    if context.sign_ins is None:
        raise RefusedError("nobody signs in here", "Start a server: polyhost serve", code=ErrorCode.NO_SERVER)
    return context.sign_ins(port)
