"""The key that saved sessions are sealed with: one per home, made once, kept by the system where it can be.

Owns: where the key is (the operating system's keyring, or a file in the home), and that nobody waits for a keyring that
does not answer. Must not know: what is sealed, surfaces.

Once made, it stays where it is: a run without a desktop does not look in a keyring for a key that is in a file, and a
key that is in the keyring is never made a second time because the keyring happens to be locked.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from polyhost.engine.sessions._sealing import KEY_BYTES
from polyhost.errors import ErrorCode, RefusedError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["FILE_KEY_NOTE", "SessionKey", "session_key"]

KEYRING_SECONDS = 20.0
"""A keyring may ask its owner to unlock it; a machine without a desktop may never answer. Asked once per process."""
FILE_KEY_NOTE = (
    "No system keyring answers here, so the key of your saved sessions is in the file session.key of the home, which "
    "only you can read. That protects a session file that is copied or backed up without it, not against whoever can "
    "read your files."
)
_SERVICE = "polyhost"
_KEY_FILE = "session.key"
_MARKER = "sessions/.keyring"
"""Holds the account name under which the keyring has this home's key."""
_USABLE_PRIORITY = 1
"""What keyring's own documentation calls a recommended backend; below are plain-text files and the like."""
_OWN_CHOICE = "PYTHON_KEYRING_BACKEND"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionKey:
    """`note` is said to the owner once, when a key was made that the system does not keep."""

    material: bytes
    note: str | None = None


def session_key(home: Path, *, make: bool) -> SessionKey:
    """This home's key. RefusedError where it cannot be had, or there is none and none is to be made. Call it under the
    sessions' lock."""
    file, marker = home / _KEY_FILE, home / _MARKER
    if file.exists():
        return SessionKey(_from_file(file))
    if marker.exists():
        return SessionKey(_from_keyring(marker.read_text(encoding="ascii").strip()))
    if not make:
        raise RefusedError(
            "the key of the saved sessions is gone",
            "Sign in again: polyhost connect SOURCE --name NAME --renew",
            code=ErrorCode.SESSION_KEY_MISSING,
        )
    return _made(file, marker)


def _made(file: Path, marker: Path) -> SessionKey:
    material = secrets.token_bytes(KEY_BYTES)
    account = secrets.token_hex(8)
    if _put_in_keyring(account, material):
        _write(marker, account.encode())
        return SessionKey(material)
    _write(file, base64.b64encode(material) + b"\n")
    return SessionKey(material, FILE_KEY_NOTE)


def _from_file(file: Path) -> bytes:
    try:
        material = base64.b64decode(file.read_bytes(), validate=False)
    except (OSError, ValueError):
        material = b""
    if len(material) != KEY_BYTES:
        raise RefusedError(
            "the key of the saved sessions (session.key in the home) cannot be read",
            "Put it back from a backup, or delete it and the folder sessions, and sign in again.",
            code=ErrorCode.SESSION_KEY_MISSING,
        )
    return material


def _from_keyring(account: str) -> bytes:
    kept = _ask(lambda backend: backend.get_password(_SERVICE, account))
    if kept is None:
        raise RefusedError(
            "the key of the saved sessions is in the system's keyring, which does not hand it out",
            "Unlock the keyring (log in to the desktop), or sign in again in another --home.",
            code=ErrorCode.SESSION_KEY_LOCKED,
        )
    return base64.b64decode(kept)


def _put_in_keyring(account: str, material: bytes) -> bool:
    """True once it has been read back."""
    text = base64.b64encode(material).decode()

    def put(backend: KeyringBackend) -> bool:
        backend.set_password(_SERVICE, account, text)
        return backend.get_password(_SERVICE, account) == text

    return bool(_ask(put))


def _ask(question: Callable[[KeyringBackend], T]) -> T | None:
    """The keyring's answer; None where there is no usable one, it refuses, or it does not answer in time. It is asked
    in a thread that dies with the process: some backends wait for ever where nobody can unlock them."""
    if not _may_have_one():
        return None
    answers: list[T] = []

    def ask() -> None:
        from keyring.errors import KeyringError  # noqa: PLC0415  slow to import

        try:
            backend = _usable_backend()
            if backend is not None:
                answers.append(question(backend))
        except (KeyringError, OSError, RuntimeError, ValueError):
            return  # what each platform's backend raises; there is the file

    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(KEYRING_SECONDS)
    return answers[0] if answers else None


def _usable_backend() -> KeyringBackend | None:
    import keyring  # noqa: PLC0415

    backend = keyring.get_keyring()
    module = type(backend).__module__
    if module in ("keyring.backends.fail", "keyring.backends.null"):
        return None
    return backend if backend.priority >= _USABLE_PRIORITY else None


def _may_have_one() -> bool:
    """On Linux every keyring is reached over the session's message bus; without one there is no need to look."""
    if os.environ.get(_OWN_CHOICE) or not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS")) or Path(f"/run/user/{os.getuid()}/bus").exists()


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner only, and never over another one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
