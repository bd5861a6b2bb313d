"""Cookies from where an owner has them already: an installed browser's own store, or a Netscape cookies.txt.

Owns: reading them, and keeping only those of the declared hosts, before anything else sees one. Must not know: browsers
that run, what the cookies are for. Values are in no message and no log.

An installed browser's store is read by yt-dlp's cookie reader, which knows their places and encryption.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any, cast

from polyhost.browser.storage import cookie_reaches
from polyhost.errors import ErrorCode, RefusedError
from polyhost.small_files import A_PERSON_SECONDS, TooLargeError, read_small_file

__all__ = ["BROWSERS", "cookies_of_browser", "cookies_of_file"]

BROWSERS = ("brave", "chrome", "chromium", "edge", "firefox", "opera", "safari", "vivaldi", "whale")
MAX_FILE_BYTES = 8 * 1024 * 1024
"""A browser's whole cookie store is a few megabytes as text; a file of this size is something else."""
_FIELDS = 7
_HTTP_ONLY = "#HttpOnly_"
_SPECIFICATION = re.compile(r"(?P<browser>[a-z]+)(?::(?P<profile>.+))?\Z", re.IGNORECASE | re.DOTALL)
_TRY_ANOTHER = "Close that browser and try again, or sign in in a window: polyhost connect SOURCE"

Cookies = list[dict[str, Any]]


def cookies_of_browser(specification: str, hosts: Sequence[str], *, platform: str) -> Cookies:
    """`firefox`, or `firefox:PROFILE`. RefusedError says why there are none, as far as the machine tells."""
    match = _SPECIFICATION.match(specification)
    browser = match["browser"].lower() if match else ""
    if match is None or browser not in BROWSERS:
        raise RefusedError(
            f"--cookies-from {specification[:80]!r} is not a browser whose cookies can be read",
            f"There are: {', '.join(BROWSERS)}; a profile is named as in firefox:work.",
            code=ErrorCode.UNKNOWN_BROWSER,
        )
    found, troubles = _extracted(browser, match["profile"], platform)
    kept = [_from_jar(cookie) for cookie in found if cookie.value and cookie_reaches(hosts, cookie.domain)]
    if not kept:
        raise _none_there(browser, platform, troubles=troubles)
    return kept


def cookies_of_file(path: Path, hosts: Sequence[str]) -> Cookies:
    """A cookies.txt as browser extensions and curl write it. RefusedError names the line that is not one."""
    try:
        text = read_small_file(path, MAX_FILE_BYTES, patience=A_PERSON_SECONDS).decode("utf-8")
    except TooLargeError:
        raise RefusedError(
            f"{path} is too large for a cookies.txt", "Is it the right file?", code=ErrorCode.BAD_COOKIES
        ) from None
    except FileNotFoundError:
        raise RefusedError(f"there is no file {path}", "Name a cookies.txt.", code=ErrorCode.NO_SUCH_FILE) from None
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read: {error.strerror}", "Name a cookies.txt.", code=ErrorCode.BAD_COOKIES
        ) from None
    except UnicodeDecodeError:
        raise _no_cookies_txt(path, 1) from None
    kept = [cookie for cookie in _parsed(text, path) if cookie_reaches(hosts, cookie["domain"])]
    if not kept:
        raise RefusedError(
            f"{path} holds no cookie of {', '.join(hosts)}",
            "Export it from the browser in which you are signed in there.",
            code=ErrorCode.NO_COOKIES,
        )
    return kept


def _extracted(browser: str, profile: str | None, platform: str) -> tuple[Iterable[Cookie], bool]:
    """The whole jar, and whether something in it could not be read. Only the caller's hosts leave this module."""
    from yt_dlp.cookies import extract_cookies_from_browser  # noqa: PLC0415  slow, and seldom wanted

    silence = _Silence()
    try:
        return extract_cookies_from_browser(browser, profile, cast("Any", silence)), silence.troubles > 0
    except FileNotFoundError:
        raise RefusedError(
            f"{browser} keeps no cookies on this machine{' under that profile' if profile else ''}",
            "Name a browser in which you are signed in.",
            code=ErrorCode.NO_COOKIES,
        ) from None
    except Exception as error:  # whatever the reader meets in somebody else's files: no text of it is ours to show
        raise _none_there(browser, platform, troubles=True) from error


def _none_there(browser: str, platform: str, *, troubles: bool) -> RefusedError:
    if not troubles:
        return RefusedError(
            f"{browser} has no cookies of this site",
            "Sign in there first, or name its profile: --cookies-from BROWSER:PROFILE",
            code=ErrorCode.NO_COOKIES,
        )
    if platform == "win32" and browser != "firefox":
        why = "on Windows, current versions keep theirs from other programs"
    elif browser == "firefox":
        why = "its file is locked or of a version that is not known"
    else:
        why = "the system's keyring does not hand out the key that decrypts them"
    return RefusedError(f"{browser}'s cookies cannot be read: {why}", _TRY_ANOTHER, code=ErrorCode.COOKIES_UNREADABLE)


class _Silence:
    """The reader's logger: it prints nothing, and counts complaints. Nothing it says is kept: it may quote paths."""

    def __init__(self) -> None:
        self.troubles = 0

    def debug(self, message: object = None) -> None: ...

    def info(self, message: object = None) -> None:
        if "could not be decrypted" in str(message):
            self.troubles += 1

    def warning(self, message: object = None, *, only_once: bool = False) -> None:
        del message, only_once
        self.troubles += 1

    def error(self, message: object = None, *, is_error: bool = True) -> None:
        del message, is_error
        self.troubles += 1

    def progress_bar(self) -> None:
        return None


def _from_jar(cookie: Cookie) -> dict[str, Any]:
    return _as_state(
        domain=cookie.domain,
        path=cookie.path,
        secure=bool(cookie.secure),  # as a number, from some stores
        expires=cookie.expires,
        name=cookie.name,
        value=cookie.value or "",
        http_only=True,  # the store's reader does not tell; a page that needs to read one sets it again
    )


def _parsed(text: str, path: Path) -> Iterable[dict[str, Any]]:
    for number, raw in enumerate(text.splitlines(), start=1):
        http_only = raw.startswith(_HTTP_ONLY)
        line = raw.removeprefix(_HTTP_ONLY)
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != _FIELDS or not parts[0] or not re.fullmatch(r"-?\d+(\.\d+)?", parts[4]):
            raise _no_cookies_txt(path, number)
        domain, subdomains, place, secure, expires, name, value = parts
        yield _as_state(
            domain=f".{domain.lstrip('.')}" if subdomains == "TRUE" else domain,
            path=place,
            secure=secure == "TRUE",
            expires=float(expires),
            name=name,
            value=value,
            http_only=http_only,
        )


def _no_cookies_txt(path: Path, line: int) -> RefusedError:
    return RefusedError(
        f"{path}:{line} is not a line of a cookies.txt",
        "Give seven fields separated by tabs, as curl and browser extensions write them.",
        code=ErrorCode.BAD_COOKIES,
    )


def _as_state(
    *, domain: str, path: str, secure: bool, expires: float | None, name: str, value: str, http_only: bool
) -> dict[str, Any]:
    lasting = expires if expires and expires > 0 else -1  # -1: until the browser closes
    return {
        "name": name,
        "value": value,
        "domain": domain,
        "path": path or "/",
        "expires": lasting,
        "httpOnly": http_only,
        "secure": secure,
        "sameSite": "None" if secure else "Lax",
    }
