"""polyhost as a service of the owner's own session: a systemd user unit, or a launchd agent.

Owns: the two files, where they go, writing them whole or not at all, and what to type next. Must not know: what serves,
how a service manager is spoken to: the owner types that, so that nothing starts behind their back.
"""

from __future__ import annotations

import os
import plistlib
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["Done", "Manager", "Service", "install", "manager_here", "uninstall"]

Manager = Literal["systemd", "launchd"]
MARK = "Written by polyhost serve, which also takes it away again."
"""By this a file is known to be ours: nothing else is overwritten or removed. Without two dashes: XML has none in
comments."""
_UMASK = 0o077
_KEPT = ("PLAYWRIGHT_BROWSERS_PATH", "POLYHOST_BROWSER")
"""Variables that say where the browser is; the service starts without the owner's shell."""
_WANTED_BY = "default.target.wants"
_READABLE = 0o644
STOP_SECONDS = 60
"""Seconds a stopping server has to bring its runs to an end that keeps what they read."""
RESTART_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is to be served. `program`: how polyhost is started here; `user_home`: whose session it belongs to."""

    home: Path
    port: int | None = None
    default_home: bool = True
    program: Sequence[str] = field(default_factory=lambda: (sys.executable, "-m", "polyhost"))
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    user_home: Path = field(default_factory=Path.home)

    @property
    def name(self) -> str:
        """One for the usual home; homes elsewhere have services of their own."""
        if self.default_home:
            return "polyhost"
        return f"polyhost-{blake2b(str(self.home).encode(), digest_size=4).hexdigest()}"

    @property
    def command(self) -> list[str]:
        port = [] if self.port is None else ["--port", str(self.port)]
        return [*self.program, "--home", str(self.home), "serve", *port]

    @property
    def kept(self) -> dict[str, str]:
        return {name: self.environment[name] for name in _KEPT if self.environment.get(name)}

    def path(self, manager: Manager) -> Path:
        """Where the manager looks for it."""
        if manager == "launchd":
            return self.user_home / "Library" / "LaunchAgents" / f"org.{self.name}.plist"
        config = self.environment.get("XDG_CONFIG_HOME") or str(self.user_home / ".config")
        return Path(config) / "systemd" / "user" / f"{self.name}.service"

    def text(self, manager: Manager) -> bytes:
        """The file."""
        return _plist(self) if manager == "launchd" else _unit(self).encode()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and what the owner types next."""

    path: Path
    changed: bool
    next: Sequence[str]


def manager_here(platform: str = sys.platform) -> Manager:
    """The service manager of this machine. RefusedError `no_service_manager` where it is neither."""
    if platform == "darwin":
        return "launchd"
    if platform == "linux":
        return "systemd"
    raise RefusedError(
        "there is no service manager here that polyhost knows",
        "Start polyhost serve by whatever this system has for that.",
        code=ErrorCode.NO_SERVICE_MANAGER,
    )


def install(service: Service, manager: Manager) -> Done:
    """Write the file. RefusedError `service_not_ours` where another one is in its place."""
    path, text = service.path(manager), service.text(manager)
    before = _ours(path)
    if before != text:
        _write(path, text)
    return Done(path, before != text, _after_install(service, manager, path))


def uninstall(service: Service, manager: Manager) -> Done:
    """Remove the file. RefusedError where there is none, or it is not ours."""
    path = service.path(manager)
    if _ours(path) is None:
        raise RefusedError(
            f"there is no service at {path}", "Was it installed for another --home?", code=ErrorCode.NO_SERVICE
        )
    path.unlink()
    enabled = path.parent / _WANTED_BY / path.name
    if enabled.is_symlink():  # systemd would go on looking for what is gone
        enabled.unlink()
    return Done(path, True, _after_uninstall(service, manager))


def _ours(path: Path) -> bytes | None:
    """What is there; None where nothing is."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", "Look at it first.") from None
    if MARK.encode() not in found:
        raise RefusedError(
            f"{path} was not written by polyhost", "Move it away first, if it may go.", code=ErrorCode.SERVICE_NOT_OURS
        )
    return found


def _write(path: Path, text: bytes) -> None:
    """Whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise RefusedError(
            f"{path.parent} cannot be written: {error.strerror}",
            "Make it yours: chown it to the user who runs polyhost.",
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_READABLE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# systemd


def _unit(service: Service) -> str:
    environment = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in service.kept.items())
    return f"""# {MARK}
[Unit]
Description=polyhost: your own data, collected and shown on this machine

[Service]
ExecStart={" ".join(_quoted(word, dollar=True) for word in service.command)}
{environment}Restart=on-failure
RestartSec={RESTART_SECONDS}
TimeoutStopSec={STOP_SECONDS}
UMask={_UMASK:04o}

[Install]
WantedBy=default.target
"""


def _quoted(word: str, *, dollar: bool = False) -> str:
    """As systemd reads it: quotes and backslashes escaped, specifiers and variables not expanded."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$") if dollar else text}"'


# launchd


def _plist(service: Service) -> bytes:
    log = str(service.home / "serve.log")
    agent = {
        "Label": f"org.{service.name}",
        "ProgramArguments": service.command,
        "EnvironmentVariables": service.kept,
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_SECONDS,
        "ExitTimeOut": STOP_SECONDS,
        "ProcessType": "Background",
        "Umask": _UMASK,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    head, plist, rest = plistlib.dumps(agent, sort_keys=False).partition(b"<plist")
    return head + f"<!-- {MARK} -->\n".encode() + plist + rest


# what to type


def _after_install(service: Service, manager: Manager, path: Path) -> list[str]:
    if manager == "launchd":
        return [f"launchctl bootstrap gui/$(id -u) {shlex.quote(str(path))}"]
    return [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {service.name}.service",
        "loginctl enable-linger    # to let it run while you are logged out, too",
    ]


def _after_uninstall(service: Service, manager: Manager) -> list[str]:
    if manager == "launchd":
        return [f"launchctl bootout gui/$(id -u)/org.{service.name}"]
    return [f"systemctl --user stop {service.name}.service", "systemctl --user daemon-reload"]
