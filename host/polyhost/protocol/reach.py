"""How wide a source reaches: what an owner agrees to, and whether it has become wider since.

Owns: the hosts of a manifest as an owner reads them, and the comparison of two such sets. Pure. Must not know: where an
agreement is kept, how it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyhost.protocol.declarations import HostDecl, PolyfillDecl
from polyhost.protocol.host_patterns import HostPattern, HostPatternError, host_pattern
from polyhost.protocol.named_hosts import NamedHost

__all__ = ["Reach", "in_short"]

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`hosts`: patterns of whom its page talks to; `sign_in`: whom else the window reaches in which the owner signs in;
    `private`, `sign_in_private`: those that may have a private address, with the reason; `anywhere`: why that window
    reaches the whole internet, None: it does not; `named`: those of the hosts that the site itself has named, with what
    each is for."""

    hosts: tuple[str, ...]
    sign_in: tuple[str, ...] = ()
    private: Mapping[str, str] = field(default_factory=dict[str, str])
    sign_in_private: Mapping[str, str] = field(default_factory=dict[str, str])
    anywhere: str | None = None
    named: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, declared: PolyfillDecl, named: Iterable[NamedHost] = ()) -> Reach:
        """What a manifest declares. `named`: which of it the site has named."""
        session = declared.session
        return cls(
            hosts=declared.hosts,
            sign_in=tuple(entry.host for entry in session.sign_in_hosts if entry.host is not None),
            private=_reasons(declared.host_entries),
            sign_in_private=_reasons(session.sign_in_hosts),
            anywhere=session.sign_in_anywhere,
            named={host.host: host.why for host in named},
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Reach:
        return cls(
            hosts=tuple(kept["hosts"]),
            sign_in=tuple(kept["sign_in"]),
            private=dict(kept["private"]),
            sign_in_private=dict(kept["sign_in_private"]),
            anywhere=kept["anywhere"],
            named=dict(kept.get("named", {})),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "hosts": list(self.hosts),
            "sign_in": list(self.sign_in),
            "private": dict(self.private),
            "sign_in_private": dict(self.sign_in_private),
            "anywhere": self.anywhere,
            **({"named": dict(self.named)} if self.named else {}),
        }

    @property
    def window_hosts(self) -> tuple[str, ...] | None:
        """Whom the window reaches in which the owner signs in; None: anybody on the internet."""
        return None if self.anywhere is not None else (*self.hosts, *self.sign_in)

    def lines(self) -> list[str]:
        """All of it in plain words, one line a host: without a full stop, which a host's name may end with."""
        return [*self._told(self)]

    def beyond(self, accepted: Reach) -> list[str]:
        """What it reaches that was not agreed to, in the same words; nothing where it is as wide, or narrower. A reason
        that reads differently asks nothing anew."""
        return [*self._told(self._outside(accepted))]

    def _outside(self, accepted: Reach) -> Reach:
        """The part of it that no pattern agreed to covers. What the page may reach, the window may too."""
        window = (*accepted.hosts, *accepted.sign_in)
        anywhere = accepted.anywhere is not None
        in_window = {**accepted.private, **accepted.sign_in_private}
        return Reach(
            hosts=tuple(_new(self.hosts, accepted.hosts)),
            sign_in=() if anywhere else tuple(_new(self.sign_in, window)),
            private={host: self.private[host] for host in _new([*self.private], [*accepted.private])},
            sign_in_private={host: self.sign_in_private[host] for host in _new([*self.sign_in_private], [*in_window])},
            anywhere=None if anywhere else self.anywhere,
            named=self.named,
        )

    def _told(self, part: Reach) -> Iterator[str]:
        """`part`, a host with its private address in one line, whether the host is new or only its address."""
        for host in dict.fromkeys((*part.hosts, *part.private)):
            named, at_home = part.named.get(host), part.private.get(host)
            yield f"{_words(host)}{_as_named(named)}{_at_home(at_home, is_told=named is not None)}"
        for host in dict.fromkeys((*part.sign_in, *part.sign_in_private)):
            yield f"Only while you sign in: {_words(host)}{_at_home(part.sign_in_private.get(host))}"
        if part.anywhere is not None:
            yield f"Only while you sign in: any host of the internet ({part.anywhere.rstrip('.')})"


def in_short(lines: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    return "; ".join(lines[:_MOST_NAMED]) + more


def _reasons(entries: Sequence[HostDecl]) -> dict[str, str]:
    return {entry.host: entry.rationale or "" for entry in entries if entry.allow_private and entry.host is not None}


def _new(hosts: Sequence[str], accepted: Sequence[str]) -> Iterator[str]:
    known = [pattern for text in accepted if (pattern := _agreed(text)) is not None]
    for text in hosts:
        if not any(pattern.includes(host_pattern(text)) for pattern in known):
            yield text


def _agreed(text: str) -> HostPattern | None:
    """What was agreed to means today what its owner read then, also a wildcard on a name that has become a public
    suffix since. None where it is no pattern (any more): then it agrees to nothing, and its owner is asked anew."""
    try:
        return host_pattern(text, any_suffix=True)
    except HostPatternError:
        return None


def _words(text: str) -> str:
    """`app.example.org`, `any name below example.org`, `this machine itself (127.0.0.1, port 8080)`."""
    pattern = host_pattern(text)
    if pattern.is_this_machine:
        return f"this machine itself ({_place(pattern)})"
    return _place(pattern)


def _place(pattern: HostPattern) -> str:
    name = f"any name below {pattern.host}" if pattern.wildcard else pattern.host
    port = "" if pattern.port is None else f", port {pattern.port}"
    scheme = ", without encryption" if pattern.scheme in ("http", "ws") else ""
    return f"{name}{port}{scheme}"


def _as_named(why: str | None) -> str:
    return "" if why is None else f", which the site itself names ({why.rstrip('.')})"


def _at_home(reason: str | None, *, is_told: bool = False) -> str:
    if reason is not None and is_told:
        return ", also at an address of your private network"
    return "" if reason is None else f", also at an address of your private network ({reason.rstrip('.')})"
