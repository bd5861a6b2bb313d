"""The owner's settings: which there are, what they mean, and what they are in a home.

Owns: the model of `config.toml`, one class a section; a new key is a field here and nothing else. Must not know: how
settings are read and refused (_settings.py), what they are used for.

Of each key: flag > environment > file > default. Its variable is POLYHOST_SECTION_KEY, unless the field names another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from polyhost.bounds import BOUNDS, RunBounds
from polyhost.engine.settings._layers import Setting, Settings, config_path, read_settings
from polyhost.engine.settings._webhook_address import address_fault
from polyhost.engine.settings.file_sizes import size_in_bytes
from polyhost.engine.settings.quiet_hours import read_quiet_hours
from polyhost.engine.settings.time_zone import owner_zone
from polyhost.errors import ErrorCode, RefusedError

__all__ = [
    "BoundsConfig",
    "BrowserConfig",
    "Config",
    "FilesConfig",
    "NotifyConfig",
    "RunConfig",
    "ScheduleConfig",
    "ServeConfig",
    "Setting",
    "config_path",
    "describe_settings",
    "explain_config",
    "load_config",
]

_MAX_PORT = 65_535
_MAX_RUNS_AT_ONCE = 16
"""Runs at once that a desktop machine has the memory for: each is a browser."""


_MAX_WAIT_MINUTES = 24 * 60
"""What a session hands out for going on is rarely good for longer, and the run holds a browser all the while."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrowserConfig(_Section):
    """The browser that polyfills run in."""

    executable: Path | None = Field(
        default=None,
        description="The browser to start: a Chromium, Chrome or Edge. Not set: the first one that is found.",
        json_schema_extra={"environment": "POLYHOST_BROWSER"},
    )
    headless: bool = Field(default=True, description="Run without a window.")
    load_images: bool = Field(
        default=False, description="Load the images, fonts and media of the sites' hosts, which no polyfill reads."
    )


class RunConfig(_Section):
    """Every run, unless it is told otherwise."""

    allow_gaps: bool = Field(default=False, description="End a run that found gaps with status 0 instead of 3.")
    sign_in_wait_minutes: Annotated[int, Field(ge=1, le=_MAX_WAIT_MINUTES)] = Field(
        default=15,
        description="How long a run waits for you to sign in again before it ends as needing you; the next one goes on "
        "where it was.",
    )


def _bound(name: str) -> Any:
    """A field for a bound of the table."""
    bound = next(one for one in BOUNDS if one.name == name)
    return Field(default=bound.default, ge=bound.least, description=bound.of)


class BoundsConfig(_Section):
    """What no run may exceed; docs/bounds.md says why each is as it is, and what follows."""

    run_minutes: int = _bound("run_minutes")
    silence_minutes: int = _bound("silence_minutes")
    message_mb: int = _bound("message_mb")
    memory_mb: int = _bound("memory_mb")
    processes: int = _bound("processes")
    popups: int = _bound("popups")
    frames: int = _bound("frames")
    workers: int = _bound("workers")
    console_per_minute: int = _bound("console_per_minute")
    downloads: int = _bound("downloads")
    failed_requests: int = _bound("failed_requests")

    @property
    def values(self) -> RunBounds:
        """As a run takes them."""
        return RunBounds(**self.model_dump())


def _file_size(text: str) -> str:
    try:
        size_in_bytes(text)
    except RefusedError as error:
        raise ValueError(error.reason) from error
    return text


_Size = Annotated[str, AfterValidator(_file_size)]


class FilesConfig(_Section):
    """The files of records: pictures, documents, recordings."""

    with_runs: bool = Field(
        default=False,
        description="Take files in every run, and out of every file of a watched folder, also without --files.",
    )
    max_size: _Size = Field(
        default="1GB", description="Leave files alone that are larger, unless it is said otherwise."
    )
    per_run: _Size = Field(default="20GB", description="How much one run fetches at most; the next one goes on.")


class ServeConfig(_Section):
    """`polyhost serve`."""

    port: Annotated[int, Field(ge=1, le=_MAX_PORT)] = Field(
        default=8787, description="The port on this machine where dashboard and API answer."
    )


def _quiet_hours(text: str) -> str:
    try:
        return str(read_quiet_hours(text))
    except RefusedError:
        raise ValueError("quiet hours are given as 22:00-07:00") from None


def _time_zone(text: str) -> str:
    try:
        owner_zone(text)
    except RefusedError:
        raise ValueError("a time zone is named as Europe/Berlin or America/New_York") from None
    return text


class ScheduleConfig(_Section):
    """Runs that start by themselves, while `polyhost serve` runs."""

    quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] | None = Field(
        default=None,
        description="When no run starts by itself, as HH:MM-HH:MM; a connection may have its own.",
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = Field(
        default=None,
        description="Whose clock quiet hours are told by, e.g. Europe/Berlin. Not set: this machine's.",
    )
    runs_at_once: Annotated[int, Field(ge=1, le=_MAX_RUNS_AT_ONCE)] = Field(
        default=2, description="How many connections are collected at the same time."
    )


class NotifyConfig(_Section):
    """Being told when you are needed, while `polyhost serve` runs."""

    desktop: bool = Field(default=False, description="Show a notification on this machine's desktop.")
    webhook: str | None = Field(
        default=None,
        description="An address to post to, as ntfy takes it: https, or this machine.",
        json_schema_extra={"secret": True},
    )
    webhook_token: str | None = Field(
        default=None, description="An access token for that address.", json_schema_extra={"secret": True}
    )
    allow_plain_http: bool = Field(
        default=False, description="Post to an http address of another machine all the same."
    )

    @model_validator(mode="after")
    def _address_is_safe(self) -> Self:
        if self.webhook is not None and (fault := address_fault(self.webhook, plain=self.allow_plain_http)):
            raise ValueError(f"webhook {fault}")
        return self


class Config(_Section):
    """Everything that can be set. Made by `load_config`; `Config()` is what holds where nothing is set."""

    browser: BrowserConfig = BrowserConfig()
    run: RunConfig = RunConfig()
    bounds: BoundsConfig = BoundsConfig()
    files: FilesConfig = FilesConfig()
    serve: ServeConfig = ServeConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    notify: NotifyConfig = NotifyConfig()


def load_config(
    home: Path, *, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> Config:
    """What holds in this home. `flags`: what was said on the command line, by `section.key`; None says nothing.

    RefusedError `bad_config` names the file (or the variable), the key, and what it should be.
    """
    try:
        return Config.model_validate(_settings(home, flags, environment).values())
    except ValidationError as error:  # what no key is wrong with alone
        told = error.errors(include_input=False, include_url=False)[0]
        raise RefusedError(
            f"{config_path(home)}: [{'.'.join(map(str, told['loc']))}] {told['msg'].removeprefix('Value error, ')}",
            "See: polyhost config explain",
            code=ErrorCode.BAD_CONFIG,
        ) from None


def explain_config(
    home: Path, *, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> tuple[Setting, ...]:
    """Every setting with its value and where that comes from, in the model's order. Refuses as `load_config` does."""
    return _settings(home, flags, environment).all


def describe_settings() -> tuple[Setting, ...]:
    """Every setting there is, at its default."""
    return Settings.of(Config).all


def _settings(home: Path, flags: Mapping[str, Any] | None, environment: Mapping[str, str]) -> Settings:
    return read_settings(Config, home, flags=flags or {}, environment=environment)
