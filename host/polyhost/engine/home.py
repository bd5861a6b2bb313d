"""What lives in a home besides the store: saved browser sessions, one file per connection.

Owns: paths and permissions in the home (directories 0700, files 0600), reading and writing a session file whole.
Must not know: what a session is for, browsers, stores.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from polyhost.errors import RefusedError

__all__ = ["delete_session", "load_session", "read_storage_state", "save_session", "session_saved_at"]

_OWNER_ONLY_DIRECTORY = 0o700
MAX_STATE_BYTES = 16 * 1024 * 1024
"""A storage state is kilobytes; a file of this size is something else."""


def read_storage_state(path: Path) -> dict[str, Any]:
    """A storage state an owner hands over. RefusedError names the file and what is wrong with it."""
    instruction = "Give a storage state as Playwright saves it: {cookies: [...], origins: [...]}."
    try:
        if path.stat().st_size > MAX_STATE_BYTES:
            raise RefusedError(f"{path} is too large for a storage state", instruction)
        document = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise RefusedError(f"there is no file {path}", instruction, code="no_such_file") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", instruction) from None
    except orjson.JSONDecodeError:
        raise RefusedError(f"{path} is not JSON", instruction) from None
    if not isinstance(document, dict) or not all(
        isinstance(document.get(part, []), list) and all(isinstance(item, dict) for item in document.get(part, []))
        for part in ("cookies", "origins")
    ):
        raise RefusedError(f"{path} is not a storage state", instruction)
    if not document.get("cookies") and not document.get("origins"):
        raise RefusedError(f"{path} holds no cookies and no storage", "Save it again from a signed-in browser.")
    return document


def save_session(home: Path, connection: str, state: Mapping[str, Any]) -> None:
    """Keep a connection's session, readable by its owner only; the file is replaced whole or not at all."""
    folder = home / "sessions"
    folder.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{connection}-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(state))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(_session(home, connection))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_session(home: Path, connection: str) -> dict[str, Any] | None:
    """The saved session; None where there is none."""
    path = _session(home, connection)
    return read_storage_state(path) if path.exists() else None


def session_saved_at(home: Path, connection: str) -> float | None:
    """When the saved session was written, in seconds since the epoch; None where there is none."""
    try:
        return _session(home, connection).stat().st_mtime
    except OSError:
        return None


def delete_session(home: Path, connection: str) -> None:
    """Forget it."""
    _session(home, connection).unlink(missing_ok=True)


def _session(home: Path, connection: str) -> Path:
    return home / "sessions" / f"{connection}.json"
