"""Starting a browser for one run, and giving it a context with the owner's session.

Owns: the flags, what is refused before anything starts, the driver's and the browser's life. Must not know: the bridge,
polyfills, what is collected.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, Playwright, async_playwright

from polyhost.browser.display import display_flags, has_display, no_display
from polyhost.browser.hosts import check_hosts, check_mapping, policy_of, way_out_flags
from polyhost.browser.locate import check_kind, check_version, find_browser
from polyhost.errors import RefusedError, RunFailedError
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Attempt, OwnAuthority, Policy, serve

__all__ = ["BrowserOptions", "LaunchedBrowser", "WayOut", "launch"]

Attempts = list[Callable[[Attempt], None]]

_START_TIMEOUT_MS = 30_000
_CLOSE_TIMEOUT = 5.0
"""Seconds a browser has to close before its driver is stopped, which kills it."""
_VIEWPORT = {"width": 1280, "height": 900}  # a desktop layout: sites serve their full client to it

_QUIET_FLAGS = (
    "--disable-gpu",
    "--disable-quic",  # proxy and recordings deal in TCP
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-breakpad",
    "--metrics-recording-only",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the one channel that needs no host name
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)


@dataclass(frozen=True, slots=True)
class WayOut:
    """A running proxy: its port at the loopback address, and the pin of the key it is known by where it checks
    certificates itself."""

    port: int
    pin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """How to start a browser. Refuses on creation what must never start.

    `allow_hosts`: the only hosts this browser may reach (the fence); None: any host of the internet.
    `private_hosts`: those that may have an address of a private network.
    `home_hosts`: those that are reached at no other address than one of a private network or of this machine.
    `authority`: certificates (PEM) of an authority of the owner's own, which counts at `authority_hosts`.
    `map_hosts`: send a host's traffic to a loopback address; then nothing else can be reached.
    `offline`: reach nothing at all; everything comes from a recording.
    `load`: of images, fonts and media, what a run loads; by itself it loads none of them.
    """

    headless: bool = True
    allow_hosts: tuple[str, ...] | None = None
    private_hosts: tuple[str, ...] = ()
    home_hosts: tuple[str, ...] = ()
    authority: str | None = None
    authority_hosts: tuple[str, ...] = ()
    map_hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    insecure_tls: bool = False
    offline: bool = False
    load: tuple[str, ...] = ()
    executable: Path | None = None
    kind: str = "chromium"

    def __post_init__(self) -> None:
        check_kind(self.kind)
        check_hosts((*(self.allow_hosts or ()), *self.private_hosts, *self.home_hosts, *self.authority_hosts))
        check_mapping(self.map_hosts)
        if self.insecure_tls and not (self.map_hosts or self.offline):
            raise RefusedError(
                "--insecure-tls without --map-host would send the session to whoever answers",
                "Give --map-host, or leave it out.",
            )

    def find(self) -> Path:
        """The browser to start. Sites see the owner's own kind of browser; where none can look, a headless shell does.
        RefusedError where there is none."""
        return find_browser(self.executable, unseen=self.headless and (self.offline or bool(self.map_hosts)))

    @asynccontextmanager
    async def way_out(self, heard: Callable[[Attempt], None] = lambda _: None) -> AsyncGenerator[WayOut | None]:
        """The proxy that this browser is given instead of a network, while it runs; None: it gets nowhere."""
        if self.offline:
            yield None
            return
        authority = None
        if self.authority is not None and self.authority_hosts:
            authority = OwnAuthority(self.authority, [host_pattern(text) for text in self.authority_hosts])
        async with serve(self.policy, heard=heard, authority=authority) as proxy:
            yield WayOut(proxy.port, None if authority is None else authority.pin)

    @property
    def policy(self) -> Policy:
        """Whom its proxy lets through."""
        return policy_of(
            allow=self.allow_hosts, private=self.private_hosts, map_hosts=self.map_hosts, at_home=self.home_hosts
        )

    def flags(self, way_out: WayOut | None) -> list[str]:
        """The command line, beyond what Playwright adds."""
        reached = way_out_flags(None) if way_out is None else way_out_flags(way_out.port, way_out.pin)
        flags: list[str] = [*_QUIET_FLAGS, *reached]
        if not self.headless:
            flags += display_flags()
        if sys.platform.startswith("linux") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium refuses to start as root with one
        return flags


class LaunchedBrowser:
    """A running browser: makes contexts, says when it is gone."""

    def __init__(self, browser: Browser, options: BrowserOptions, user_agent: str, attempts: Attempts) -> None:
        self._browser = browser
        self._options = options
        self._user_agent = user_agent
        self._attempts = attempts

    @property
    def version(self) -> str:
        return self._browser.version

    @property
    def user_agent(self) -> str:
        """What it calls itself."""
        return self._user_agent

    @property
    def contexts(self) -> Sequence[BrowserContext]:
        """The contexts that are open, oldest first."""
        return self._browser.contexts

    def on_disconnected(self, tell: Callable[[], None]) -> None:
        """Call once when the browser crashed, was killed, or closed."""
        self._browser.once("disconnected", lambda _: tell())

    def on_attempt(self, tell: Callable[[Attempt], None]) -> Callable[[], None]:
        """Call for every host that this browser tries to reach; gives what ends it."""
        self._attempts.append(tell)
        return lambda: self._attempts.remove(tell)

    async def process_id(self) -> int:
        """The browser's own process, for tools that watch or end exactly this one."""
        session = await self._browser.new_browser_cdp_session()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        await session.detach()
        return next(process["id"] for process in processes if process["type"] == "browser")

    async def new_context(
        self, storage_state: Mapping[str, Any] | None = None, extra: Mapping[str, Any] | None = None
    ) -> BrowserContext:
        """A context with the owner's session. `extra`: what a recorder needs, e.g. record_har_path. RefusedError where
        the session is no good; Playwright's own Error where the browser has died."""
        settings: dict[str, Any] = {
            "viewport": _VIEWPORT,
            "user_agent": self._user_agent,
            "accept_downloads": False,
            "service_workers": "block",
            "ignore_https_errors": self._options.insecure_tls,
            "storage_state": storage_state,
            **(extra or {}),
        }
        try:
            return await self._browser.new_context(**settings)
        except Error as error:
            if _has_died(error):
                raise
            raise RefusedError(
                f"The browser did not take the session: {_first_line(error)}", "Check the storage state file."
            ) from error


@asynccontextmanager
async def launch(options: BrowserOptions) -> AsyncGenerator[LaunchedBrowser]:
    """Start Playwright and a browser; both are gone afterwards, whatever happened."""
    executable = options.find()
    if not options.headless and not has_display():
        raise no_display("Leave --headed out (or set browser.headless in config.toml): a run needs no window.")
    attempts: Attempts = []

    def heard(attempt: Attempt) -> None:
        for tell in attempts:
            tell(attempt)

    async with options.way_out(heard) as way_out, async_playwright() as playwright:
        browser = await _start(playwright, executable, options, way_out)
        try:
            check_version(browser.version)
            yield LaunchedBrowser(browser, options, await _user_agent(browser), attempts)
        finally:
            with suppress(Error, TimeoutError):
                await asyncio.wait_for(asyncio.shield(browser.close()), _CLOSE_TIMEOUT)


async def _start(playwright: Playwright, executable: Path, options: BrowserOptions, way_out: WayOut | None) -> Browser:
    try:
        return await playwright.chromium.launch(
            executable_path=executable,
            headless=options.headless,
            args=options.flags(way_out),
            timeout=_START_TIMEOUT_MS,
            # The engine answers signals: the first Ctrl-C drains, for which it needs the browser.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except Error as error:
        raise RunFailedError(
            f"{executable} did not start: {_first_line(error)}",
            "Try it by hand, or name another one: executable in the section [browser] of polyhost config path.",
        ) from error


async def _user_agent(browser: Browser) -> str:
    """The owner's browser under its own name: sites sign out sessions that turn up in a "Headless" one."""
    session = await browser.new_browser_cdp_session()
    agent = (await session.send("Browser.getVersion"))["userAgent"]
    await session.detach()
    return agent.replace("HeadlessChrome", "Chrome")


def _has_died(error: Error) -> bool:
    """Playwright tells it by its words only."""
    return "has been closed" in error.message


def _first_line(error: Error) -> str:
    return error.message.strip().split("\n")[0][:200]
