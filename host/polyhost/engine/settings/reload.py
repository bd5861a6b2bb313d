"""A server follows its config.toml: what can change while it runs holds soon after the file was written.

Owns: noticing that the file is another, and keeping what held before where it cannot be used. Must not know: what any
setting is used for. What a run, a command or a page reads of the settings, it reads when it needs it, and is not meant
here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from polyhost.engine.settings.config import Config, config_path, load_config
from polyhost.errors import RefusedError

__all__ = ["SettingsWatcher"]

_log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks at the file: soon for whoever has just saved it, and one `stat` each."""

_Stamp = tuple[int, int, int]


@dataclass(slots=True, kw_only=True)
class SettingsWatcher:
    """`take_up` is called with what holds from then on, each time the file is another."""

    home: Path
    take_up: Callable[[Config], None]
    _seen: _Stamp | None = field(init=False)

    def __post_init__(self) -> None:
        self._seen = _stamp(config_path(self.home))

    async def run(self) -> None:
        """Look, wait; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Take the file up where it is another than at the last look, and can be used."""
        found = _stamp(config_path(self.home))
        if found == self._seen:
            return
        self._seen = found
        try:
            config = load_config(self.home)
        except RefusedError:
            _log.warning("config.toml cannot be used, so what held before still does; see: polyhost config explain")
            return
        self.take_up(config)
        _log.info("took config.toml up")


def _stamp(path: Path) -> _Stamp | None:
    """Another once the file is; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
