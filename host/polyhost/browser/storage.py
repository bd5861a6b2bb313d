"""A browser session as a document: cookies and storage, Playwright's storage state, cut down to one site's hosts.

Owns: what a storage state is, wherever one is read; which cookies and origins belong to a set of declared hosts. Must
not know: where a state comes from or goes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NewType
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from polyhost.protocol.host_patterns import allows_name, allows_url, host_pattern

__all__ = ["STORES", "NotAStateError", "SiteState", "cookie_reaches", "kept_state", "read_state"]

STORES = ("localStorage", "sessionStorage")
"""What of an origin is a list of names and values. Playwright saves the first alone."""

SiteState = NewType("SiteState", dict[str, Any])
"""A storage state with what belongs to a source's declared hosts, and nothing else: `kept_state` makes it, and only
such a one is sealed."""


class NotAStateError(ValueError):
    """A document is no storage state. `where`: what is wrong first, to be put after a sentence; or nothing."""

    def __init__(self, where: str = "") -> None:
        super().__init__(where)
        self.where = f": see {where}" if where else ""


def _is_origin(text: str) -> str:
    parts = urlsplit(text)  # ValueError for what is no address at all
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an origin")
    return text


class _Cookie(BaseModel, extra="allow"):
    name: str
    value: str
    domain: Annotated[str, Field(pattern=r"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$|^\[[0-9A-Fa-f:.]+\]$")]


class _Item(BaseModel):
    name: str
    value: str


class _Origin(BaseModel, extra="allow"):
    origin: Annotated[str, AfterValidator(_is_origin)]
    localStorage: list[_Item]  # noqa: N815  as Playwright spells it
    sessionStorage: list[_Item] = []  # noqa: N815


class _StorageState(BaseModel):
    """What is relied on of Playwright's storage state; what else a cookie or an origin says is kept."""

    cookies: list[_Cookie] = []
    origins: list[_Origin] = []


def read_state(document: object) -> dict[str, Any]:
    """The `cookies` and `origins` of a storage state, both there. NotAStateError where it is none."""
    try:
        state = _StorageState.model_validate(document).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise NotAStateError(".".join(str(part) for part in first["loc"])) from None
    return {"cookies": state.get("cookies", []), "origins": state.get("origins", [])}


def kept_state(state: Mapping[str, Any], hosts: Sequence[str]) -> SiteState:
    """Only what the declared hosts would be sent, or keep themselves: an identity provider's session is not ours."""
    return SiteState(
        {
            "cookies": [cookie for cookie in state.get("cookies", ()) if cookie_reaches(hosts, cookie["domain"])],
            "origins": [origin for origin in state.get("origins", ()) if allows_url(hosts, origin["origin"])],
        }
    )


def cookie_reaches(hosts: Sequence[str], domain: str) -> bool:
    """Whether a cookie of this domain is sent to one of the hosts. `.slack.com` is: to app.slack.com, for one."""
    name = domain.lstrip(".").lower()
    if allows_name(hosts, name):
        return True
    return domain.startswith(".") and "." in name and any(_ends_below(text, name) for text in hosts)


def _ends_below(pattern: str, name: str) -> bool:
    """Whether the pattern means hosts below this name; a wildcard on the name itself does."""
    read = host_pattern(pattern)
    return read.host.endswith(f".{name}") or (read.wildcard and read.host == name)
