"""Connecting a source: what is asked for, and what comes of it.

Must not know: how a connection is made or renewed (`connecting`), how a session is come by (`entering`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Nature
from polyhost.engine.run.result_json import RunResult
from polyhost.errors import ErrorCode
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, flag, number, option
from polyhost.operations.operation import Result, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = ["ConnectRequest", "Connected", "SignInCancelled", "connect"]

MAX_SIGN_IN_SECONDS = 86_400
"""How long a window may wait for its owner: nobody comes back to it after a day."""


class _AnyConnected(TypedDict):
    name: str
    source: str
    site: str | None
    display_name: str | None
    nature: Nature
    notes: list[str]
    hosts: list[str]
    next: str


class Connected(_AnyConnected, total=False):
    """The connection that was made or renewed, and the command that fills it. `hosts`: what its source may reach, in
    plain words, a sentence a host; the owner has agreed to it by connecting. `site`: the address of the site, where the
    source is the software of many. `account` and `workspaces`: whose session
    it is, where the site has said it. `connections`: all that were made; `runs`: what their first runs came to. One
    that only began to watch a folder has none of these."""

    account: str | None
    workspaces: list[str]
    connections: list[str]
    runs: list[RunResult]


class SignInCancelled(TypedDict):
    """The owner has closed the window: nothing was saved or changed."""

    cancelled: Literal[True]
    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    source: str = argument("What to connect: a bundled source (slack) or a folder with a manifest.", names=Names.SOURCE)
    name: str | None = option("The connection's name. Default: the source's.", metavar="NAME")
    cdp: str | None = option(
        "Take the session from a browser that runs already, by its debugging address; it is left as it is.",
        metavar="URL",
    )
    cookies_from: str | None = option(
        "Take the site's cookies from an installed browser: firefox, chrome, edge, brave…", metavar="BROWSER[:PROFILE]"
    )
    cookies: str | None = option("Take the site's cookies from a cookies.txt.", metavar="FILE", names=Names.FILE)
    site: str | None = common.site()
    set: tuple[str, ...] = option(
        "A setting of the source; --site URL is short for --set site=URL.", metavar="KEY=VALUE", default=()
    )
    ca: str | None = option(
        "The certificate (PEM) of a certificate authority of your own, which then counts at that site.",
        metavar="FILE",
        names=Names.FILE,
    )
    storage_state: str | None = option(
        "A saved browser session (Playwright storage state).", metavar="FILE", names=Names.FILE
    )
    workspace: tuple[str, ...] = option(
        "Connect this workspace of those you are signed in to, by id or name. Repeat for more.",
        metavar="ID",
        default=(),
    )
    all: bool = flag("Make a connection for each workspace you are signed in to.")
    wait: int = number(
        "How long to wait for you to sign in.",
        metavar="SECONDS",
        default=900,
        least=1,
        most=MAX_SIGN_IN_SECONDS,
        code=ErrorCode.BAD_WAIT,
    )
    map_host: tuple[str, ...] = common.map_host()
    insecure_tls: bool = common.insecure_tls()
    watch: str | None = option(
        "A folder where exports arrive; see import --watched.", metavar="DIR", names=Names.FOLDER
    )
    renew: bool = flag("Give a connection that exists a new session; its data and its ledger stay.")
    legacy_state: str | None = option(
        "State kept by another tool: a cursor file to start from instead of the beginning.",
        metavar="FILE",
        names=Names.FILE,
    )


@operation(
    "connect",
    "Connect a source: sign in once in a window of your own, or hand a session over.",
    section=Section.FIRST_STEPS,
    details="A connection is one source with one account of yours; give each a name of its own with --name. Your "
    "session is kept sealed in the home, readable by you only, and goes to nobody but the site itself.\n\n"
    "--renew gives a connection that is there a new session. What was collected, and how far, stays.\n\n"
    "A source that is the software of many sites (a wiki, a chat server) is connected by the address of yours, with "
    "--site. The connection is bound to that address; another address is another connection.",
    examples=(
        "polyhost connect slack",
        "polyhost connect slack --name work",
        "polyhost connect slack --renew",
        "polyhost connect ./wiki --name ours --site https://wiki.example.org",
        "polyhost connect slack --all",
        "polyhost connect slack --cookies-from firefox",
        "polyhost connect slack --cdp http://127.0.0.1:9222",
        "polyhost connect slack --storage-state session.json",
    ),
    only="It reads session files of this machine, or opens a browser window to sign in.",
)
async def connect(context: Context, request: ConnectRequest) -> Result[Connected | SignInCancelled]:
    """Check everything first, then let the owner in, then write session and connection."""
    from polyhost.operations.connecting import connect_source

    return await connect_source(context, request)
