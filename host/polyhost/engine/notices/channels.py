"""The ways to tell an owner something: the desktop, a webhook.

Owns: what a notice is, sending one, and which ways the settings name. Must not know: why, and what was told before.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from polyhost.engine.settings.config import NotifyConfig
from polyhost.errors import ErrorCode, PolyhostError, RunFailedError

__all__ = ["Channel", "Desktop", "Notice", "Webhook", "channels"]

SEND_SECONDS = 10.0
"""Seconds one attempt may take: a notice is a few hundred bytes, and there is always a next look."""
ATTEMPTS = 3
_SUCCESS = range(200, 300)
_PASSES = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses after which the same request may succeed."""
_DESKTOP_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)
"""What a program that shows a notification sees of the environment: where the desktop is."""
_APPLE_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
"""What is shown is given as arguments: nothing in it can become a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Safe facts only: it may be shown on a locked screen, and pass through somebody's server. `click`: the page that
    shows more."""

    title: str
    text: str
    urgent: bool = False
    click: str | None = None


class Channel(Protocol):
    """One way to tell."""

    @property
    def name(self) -> str: ...

    async def send(self, notice: Notice) -> None:
        """PolyhostError where it did not get there."""
        ...


def channels(settings: NotifyConfig) -> Sequence[Channel]:
    """The ways the owner has set."""
    found: list[Channel] = []
    if settings.desktop:
        found.append(Desktop())
    if settings.webhook is not None:
        found.append(Webhook(settings.webhook, settings.webhook_token))
    return found


@dataclass(frozen=True, slots=True)
class Desktop(Channel):
    """`notify-send`, or `osascript` on a Mac; whichever is on the PATH."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def name(self) -> str:
        return "desktop"

    async def send(self, notice: Notice) -> None:
        seen = {name: self.environment[name] for name in _DESKTOP_ENVIRONMENT if name in self.environment}
        command = self._command(notice, seen.get("PATH"))
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=seen,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise _not_shown(error.strerror or "it cannot be started") from None
        status = await _within(SEND_SECONDS, process)
        if status != 0:
            raise _not_shown("it took too long" if status is None else f"status {status}")

    @staticmethod
    def _command(notice: Notice, path: str | None) -> list[str]:
        if program := shutil.which("notify-send", path=path):
            urgency = "critical" if notice.urgent else "normal"
            return [program, "--app-name=polyhost", f"--urgency={urgency}", "--", notice.title, notice.text]
        if program := shutil.which("osascript", path=path):
            script = [word for line in _APPLE_SCRIPT for word in ("-e", line)]
            return [program, *script, notice.title, notice.text]
        raise RunFailedError(
            "this machine has nothing that shows notifications",
            "Install notify-send (Debian: libnotify-bin), or set desktop = false in [notify].",
            code=ErrorCode.NO_DESKTOP_NOTIFICATIONS,
        )


async def _within(seconds: float, process: asyncio.subprocess.Process) -> int | None:
    """Its exit status; None where it had to be ended."""
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _not_shown(why: str) -> PolyhostError:
    return RunFailedError(
        f"the desktop did not show the notification: {why}",
        "Is somebody logged in there?",
        code=ErrorCode.NOTICE_NOT_SHOWN,
    )


class _PassingError(Exception):
    """It may work the next time. The text says what happened, never where."""


@dataclass(frozen=True, slots=True)
class Webhook(Channel):
    """A POST as ntfy takes it: the text is the body, the rest is in headers."""

    url: str
    token: str | None = None

    @property
    def name(self) -> str:
        return "webhook"

    async def send(self, notice: Notice) -> None:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.25, max=5),
            retry=retry_if_exception_type(_PassingError),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    await self._post(notice)
        except _PassingError as error:
            raise _not_taken(str(error)) from None

    async def _post(self, notice: Notice) -> None:
        timeout = aiohttp.ClientTimeout(total=SEND_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.post(
                    self.url, data=notice.text.encode(), headers=self._headers(notice), allow_redirects=False
                ) as response,
            ):
                status = response.status
        except TimeoutError:
            raise _PassingError("it did not answer in time") from None
        except (aiohttp.ClientError, OSError):
            raise _PassingError("it cannot be reached") from None
        if status in _PASSES:
            raise _PassingError(f"it answered {status}")
        if status not in _SUCCESS:  # a redirect too: the token is for this address only
            raise _not_taken(f"it answered {status}")

    def _headers(self, notice: Notice) -> dict[str, str]:
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "Title": notice.title,
            "Priority": "4" if notice.urgent else "3",
            "Tags": "rotating_light" if notice.urgent else "wave",
            "User-Agent": "polyhost",
        }
        if notice.click is not None:
            headers["Click"] = notice.click
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers


def _not_taken(why: str) -> PolyhostError:
    return RunFailedError(
        f"the webhook did not take the notification: {why}",
        "Check [notify] webhook and webhook_token, then try: polyhost notify test",
        code=ErrorCode.NOTICE_NOT_TAKEN,
    )
