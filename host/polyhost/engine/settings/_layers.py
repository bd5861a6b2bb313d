"""Settings in layers: defaults, a TOML file, environment variables, flags; and the sentence for each thing wrong there.

Owns: the order of the layers, where a value came from, what is refused. Must not know: which settings there are.

Values are checked one by one, so that a refusal can name the key; none is ever repeated in a sentence, for some are
secrets.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from polyhost.errors import ErrorCode, RefusedError
from polyhost.small_files import A_FILE_SECONDS, TooLargeError, read_small_file

__all__ = ["Origin", "Setting", "Settings", "config_path", "read_settings"]

CONFIG_FILE = "config.toml"
MAX_CONFIG_BYTES = 1024 * 1024
"""A file of settings is a page or two; anything of this size was put there by mistake."""

_NUMBERS = {"integer": "a whole number", "number": "a number"}
_KINDS = {"boolean": "true or false", "array": "a list in brackets", "object": "a table"}
"""JSON Schema's types in words."""


class Origin(StrEnum):
    """Where a value comes from, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key: what it means, what it is, and who says so."""

    section: str
    name: str
    meaning: str
    variable: str
    kind: str
    """What it may be, in words."""
    adapter: TypeAdapter[Any]
    value: Any
    default: Any
    origin: Origin = Origin.DEFAULT
    secret: bool = False

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"


@dataclass(frozen=True, slots=True)
class Settings:
    """All keys of a model, each with the value that holds."""

    all: tuple[Setting, ...]

    @classmethod
    def of(cls, model: type[BaseModel]) -> Self:
        """Every key at its default."""
        return cls(_defaults(model))

    def values(self) -> dict[str, dict[str, Any]]:
        """As the model takes them."""
        nested: dict[str, dict[str, Any]] = {}
        for setting in self.all:
            nested.setdefault(setting.section, {})[setting.name] = setting.value
        return nested

    @property
    def keys(self) -> list[str]:
        return [setting.key for setting in self.all]


def config_path(home: Path) -> Path:
    """Where a home's settings are, whether or not there is such a file."""
    return home / CONFIG_FILE


def read_settings(
    model: type[BaseModel], home: Path, *, flags: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Every setting as it holds. RefusedError `bad_config` for the first thing wrong."""
    defaults = Settings.of(model)
    sections = list(model.model_fields)
    written = _read_file(config_path(home), sections, defaults)
    return Settings(tuple(_settle(setting, home, written, flags, environment) for setting in defaults.all))


def _settle(
    setting: Setting, home: Path, written: Mapping[str, Any], flags: Mapping[str, Any], environment: Mapping[str, str]
) -> Setting:
    """The strongest layer that says something. An empty variable says nothing."""
    if (flag := flags.get(setting.key)) is not None:
        return replace(setting, value=flag, origin=Origin.FLAG)
    if text := environment.get(setting.variable):
        value = _checked(_from_text, text, setting, f"the variable {setting.variable}")
        return replace(setting, value=value, origin=Origin.ENVIRONMENT)
    if setting.key in written:
        where = f"{config_path(home)}: [{setting.section}] {setting.name}"
        return replace(setting, value=_checked(_from_file, written[setting.key], setting, where), origin=Origin.FILE)
    return setting


def _fields(model: type[BaseModel]) -> Iterable[tuple[str, str, FieldInfo]]:
    for section, part in model.model_fields.items():
        assert isinstance(part.annotation, type)  # noqa: S101  the model is ours: a class a section
        assert issubclass(part.annotation, BaseModel)  # noqa: S101
        for name, field in part.annotation.model_fields.items():
            yield section, name, field


@cache
def _defaults(model: type[BaseModel]) -> tuple[Setting, ...]:
    """Made once: settings are read for every connection a server is asked about, and a type's adapter is costly."""
    return tuple(_setting(section, name, field) for section, name, field in _fields(model))


def _setting(section: str, name: str, field: FieldInfo) -> Setting:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = field.get_default(call_default_factory=True)
    adapter = _adapter(field)
    return Setting(
        section=section,
        name=name,
        meaning=field.description or "",
        variable=str(extra.get("environment", f"POLYHOST_{section}_{name}".upper())),
        kind=_kind(adapter),
        adapter=adapter,
        value=default,
        default=default,
        secret=bool(extra.get("secret", False)),
    )


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    """The field's type with its bounds."""
    declared: Any = field.annotation
    for bound in field.metadata:
        declared = Annotated[declared, bound]
    return TypeAdapter(declared)


def _kind(adapter: TypeAdapter[Any]) -> str:
    """The type in words, from its JSON Schema."""
    schema = adapter.json_schema()
    options = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return " or ".join(dict.fromkeys(_kind_of(part) for part in options))


def _kind_of(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return " or ".join(f'"{value}"' for value in part["enum"])
    if part.get("type") in _NUMBERS:
        bounds = [f"{word} {part[bound]}" for word, bound in (("from", "minimum"), ("to", "maximum")) if bound in part]
        return " ".join([_NUMBERS[part["type"]], *bounds])
    return "a path in quotes" if part.get("format") == "path" else _KINDS.get(part.get("type", ""), "text in quotes")


def _read_file(path: Path, sections: list[str], known: Settings) -> dict[str, Any]:
    """What the file says, by `section.key`; nothing where there is no file."""
    document = _parse(path)
    found: dict[str, Any] = {}
    for section, table in document.items():
        if section not in sections:
            raise _unknown(path, section, table, sections, known)
        if not isinstance(table, dict):
            raise _bad(f"{path}: {section} is a section", f"Write [{section}] on a line of its own, its keys below it.")
        for name, value in table.items():
            if f"{section}.{name}" not in known.keys:
                near = _nearest(f"{section}.{name}", known.keys) or _nearest(name, known.keys)
                raise _bad(f"{path}: [{section}] has no key {name!r}", _did_you_mean(near, known.keys))
            found[f"{section}.{name}"] = value
    return found


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_small_file(path, MAX_CONFIG_BYTES, patience=A_FILE_SECONDS).decode("utf-8"))
    except TooLargeError:
        raise _bad(f"{path} is too large for settings", "Move it away, and see: polyhost config path") from None
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _bad(f"{path} cannot be read: {error.strerror}", "Make it a file that you can read.") from None
    except UnicodeDecodeError:
        raise _bad(f"{path} is not UTF-8 text", "Save it again as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise _bad(
            f"{path} is not TOML: {_lower(str(error))}", "Text stands in quotes; sections in [brackets]."
        ) from None


def _unknown(path: Path, name: str, value: Any, sections: list[str], known: Settings) -> RefusedError:
    if isinstance(value, dict):
        near = difflib.get_close_matches(name, sections, n=1)
        hint = f"Did you mean [{near[0]}]?" if near else "There are " + ", ".join(f"[{one}]" for one in sections) + "."
        return _bad(f"{path}: there is no section [{name}]", hint)
    return _bad(f"{path}: {name!r} stands in no section", _did_you_mean(_nearest(name, known.keys), known.keys))


def _nearest(name: str, keys: list[str]) -> str | None:
    """The known key most like this one, with or without its section."""
    by_form = {key.rpartition(".")[2]: key for key in reversed(keys)} | {key: key for key in keys}
    found = difflib.get_close_matches(name, by_form, n=1)
    return by_form[found[0]] if found else None


def _did_you_mean(key: str | None, keys: list[str]) -> str:
    if key is None:
        return f"Known are {', '.join(keys)}."
    section, _, name = key.partition(".")
    return f"Did you mean [{section}] {name}?"


def _from_file(adapter: TypeAdapter[Any], value: Any) -> Any:
    """Strictly: `"yes"` is not a truth, `1` neither. As JSON, which pydantic takes paths and tuples from even so."""
    return adapter.validate_json(orjson.dumps(value, default=str), strict=True)


def _from_text(adapter: TypeAdapter[Any], text: str) -> Any:
    """A variable is text: `1`, `yes`, `true` are true; a list or a table is given as JSON."""
    return adapter.validate_json(text) if text[:1] in {"[", "{"} else adapter.validate_python(text)


def _checked(validate: Callable[[TypeAdapter[Any], Any], Any], given: Any, setting: Setting, where: str) -> Any:
    """The value. A validator of ours may say in its own words what is wrong; they do not repeat the value."""
    try:
        return validate(setting.adapter, given)
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)[0]
        words = told["msg"].partition(", ")[2] if told["type"] == "value_error" else ""
        raise _bad(f"{where}: {words}" if words else f"{where} should be {setting.kind}", "") from None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _bad(reason: str, instruction: str) -> RefusedError:
    return RefusedError(reason, instruction, code=ErrorCode.BAD_CONFIG)
