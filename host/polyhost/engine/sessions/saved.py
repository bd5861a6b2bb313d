"""What lives in a home besides the store: saved browser sessions, one sealed file per connection.

Owns: paths and permissions in the home (directories 0700, files 0600), reading and replacing a session whole, and that
a newer session is never lost to an older one. Must not know: what a session is for, browsers, stores.

A plain file of an earlier version (`sessions/NAME.json`) is sealed when it is first read, and removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from polyhost.browser.storage import NotAStateError, SiteState, kept_state, read_state
from polyhost.engine.sessions._key import session_key
from polyhost.engine.sessions._sealing import seal, unseal
from polyhost.errors import ErrorCode, RefusedError
from polyhost.owner_only import keep_home
from polyhost.small_files import A_PERSON_SECONDS, TooLargeError, read_small_file

__all__ = [
    "SavedSession",
    "copy_session",
    "delete_session",
    "load_saved",
    "load_session",
    "profile_folder",
    "read_storage_state",
    "refresh_session",
    "save_session",
    "session_saved_at",
]

_OWNER_ONLY_DIRECTORY = 0o700
_OWNER_ONLY_FILE = 0o600
MAX_STATE_BYTES = 16 * 1024 * 1024
"""A storage state is kilobytes; a file of this size is something else."""


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A session as it was read. `version` changes with each save; hand it back to `refresh_session`. `note` is for the
    owner, once: where the key is kept."""

    state: dict[str, Any]
    version: str
    note: str | None = None

    def of(self, hosts: Sequence[str]) -> SavedSession:
        """The same, without what an earlier version, or a manifest that reached further, has saved besides."""
        return replace(self, state=kept_state(self.state, hosts))


def read_storage_state(path: Path) -> dict[str, Any]:
    """A storage state an owner hands over. RefusedError names the file and what is wrong with it."""
    instruction = "Give a storage state as Playwright saves it: {cookies: [...], origins: [...]}."
    try:
        document = orjson.loads(read_small_file(path, MAX_STATE_BYTES, patience=A_PERSON_SECONDS))
    except TooLargeError:
        raise RefusedError(f"{path} is too large for a storage state", instruction) from None
    except FileNotFoundError:
        raise RefusedError(f"there is no file {path}", instruction, code=ErrorCode.NO_SUCH_FILE) from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", instruction) from None
    except orjson.JSONDecodeError:
        raise RefusedError(f"{path} is not JSON", instruction) from None
    try:
        state = read_state(document)
    except NotAStateError as error:
        raise RefusedError(f"{path} is not a storage state{error.where}", instruction) from None
    if not state["cookies"] and not state["origins"]:
        raise RefusedError(f"{path} holds no cookies and no storage", "Save it again from a signed-in browser.")
    return state


def save_session(home: Path, connection: str, state: SiteState) -> str | None:
    """Keep a connection's session, sealed; the file is replaced whole or not at all. Returns what the owner should be
    told, once, of how it is kept."""
    with _locked(home):
        return _write(home, connection, state)


def refresh_session(home: Path, connection: str, state: SiteState, *, since: str) -> bool:
    """Replace the session by what a run made of it, unless somebody has saved another one since this version was read.
    False where that is so: then nothing is written."""
    with _locked(home):
        if _version(_sealed(home, connection)) != since:
            return False
        _write(home, connection, state)
        return True


def load_saved(home: Path, connection: str) -> SavedSession | None:
    """The saved session; None where there is none. RefusedError where there is one that cannot be opened."""
    plain, sealed = _plain(home, connection), _sealed(home, connection)
    if not plain.exists() and not sealed.exists():
        return None
    with _locked(home):
        note = _seal_plain(home, connection) if plain.exists() else None
        try:
            content = sealed.read_bytes()
            key = session_key(home, make=False)
            document = orjson.loads(unseal(key.material, content, about={"connection": connection}))
        except RefusedError as error:
            again = f"Sign in again: polyhost connect SOURCE --name {connection} --renew"
            reason = error.reason if error.instruction else f"the saved session of {connection} {error.reason}"
            raise RefusedError(reason, error.instruction or again, code=error.code) from None
        except OSError as error:
            reason = f"the saved session of {connection} cannot be read: {error.strerror}"
            raise RefusedError(
                reason, "Look at the folder sessions in the home.", code=ErrorCode.SESSION_UNREADABLE
            ) from None
    return SavedSession(document, hashlib.sha256(content).hexdigest(), note)


def load_session(home: Path, connection: str) -> dict[str, Any] | None:
    """The saved session's storage state; None where there is none."""
    saved = load_saved(home, connection)
    return None if saved is None else saved.state


def session_saved_at(home: Path, connection: str) -> float | None:
    """When the saved session was written, in seconds since the epoch; None where there is none."""
    for path in (_sealed(home, connection), _plain(home, connection)):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return None


def copy_session(home: Path, connection: str, to: str) -> None:
    """The connection is about to have another name. Its session is sealed anew, as the name is part of the seal; the
    old one is deleted only when the name has changed, so that a crash in between loses none."""
    saved = load_saved(home, connection)
    if saved is not None:
        save_session(home, to, SiteState(saved.state))  # as it was saved


def delete_session(home: Path, connection: str) -> None:
    """Forget it, and the browser profile of a sign-in that was cut off."""
    for path in (_sealed(home, connection), _plain(home, connection)):
        path.unlink(missing_ok=True)
    shutil.rmtree(profile_folder(home, connection), ignore_errors=True)


def profile_folder(home: Path, connection: str) -> Path:
    """Where the visible browser of this connection keeps its profile while its owner signs in."""
    return home / "profiles" / connection


def _seal_plain(home: Path, connection: str) -> str | None:
    """What an earlier version left. Where both are there, the plain one is what a crash left behind, or older."""
    plain = _plain(home, connection)
    note = None
    if not _sealed(home, connection).exists():
        note = _write(home, connection, read_storage_state(plain))
    plain.unlink(missing_ok=True)
    return note


def _write(home: Path, connection: str, state: Mapping[str, Any]) -> str | None:
    key = session_key(home, make=True)
    content = seal(key.material, orjson.dumps(state), about={"connection": connection})
    target = _sealed(home, connection)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{connection}-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _plain(home, connection).unlink(missing_ok=True)
    return key.note


@contextmanager
def _locked(home: Path) -> Generator[None]:
    """One process at a time changes sessions; the lock goes with the process that holds it."""
    from filelock import FileLock  # noqa: PLC0415  what only looks at a session's age waits for nothing

    folder = home / "sessions"
    try:
        keep_home(home)
        folder.mkdir(mode=_OWNER_ONLY_DIRECTORY, exist_ok=True)
        folder.chmod(_OWNER_ONLY_DIRECTORY)
        lock = FileLock(folder / ".lock", mode=_OWNER_ONLY_FILE)
        lock.acquire()
    except OSError as error:
        raise RefusedError(
            f"{folder} cannot be written: {error.strerror}", "Choose another --home.", code=ErrorCode.HOME_UNWRITABLE
        ) from None
    try:
        yield
    finally:
        lock.release()


def _version(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _sealed(home: Path, connection: str) -> Path:
    return home / "sessions" / f"{connection}.sealed"


def _plain(home: Path, connection: str) -> Path:
    return home / "sessions" / f"{connection}.json"
