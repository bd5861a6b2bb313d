"""From a folder to a source: its manifest, checked, and the files that the manifest names.

Owns: where sources are looked for, that exactly one way to run one is named, that what it names exists and stays inside
the folder. Must not know: how a connector is run, connections, sessions.

A folder is a whole polyfill: `manifest.json` and the script beside it. Bundled ones come with the package (in a
checkout they lie in `polyfills/`); the owner's own lie in a folder of theirs and go first; others are named by path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import orjson

import polyhost
from polyhost.errors import ErrorCode, PolyhostError, RefusedError
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.manifest import Manifest, ManifestError, load_manifest
from polyhost.protocol.named_hosts import NamedHost
from polyhost.protocol.site_address import SiteAddressError
from polyhost.protocol.site_binding import at_site, read_site

__all__ = [
    "MANIFEST",
    "BrokenSource",
    "LoadedSource",
    "bundled_folder",
    "find_source",
    "find_sources",
    "load_connector_folder",
]

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""Bytes of a manifest: schemas of hundreds of streams fit; a recording named manifest.json by mistake does not."""
SCRIPT_SUFFIXES = frozenset({".cjs", ".js", ".mjs", ".pl", ".php", ".py", ".rb", ".sh", ".ts"})
"""An argument of stdio.command that ends like this is a script of the polyfill, so it has to be in its folder."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PACKAGE = Path(polyhost.__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSource:
    """A source that can be run. `reference` finds it again: its name, or where it lies if it was named by its path.
    `site`: the address it runs at, where its owner hosts it; its manifest is then that of this very site."""

    name: str
    reference: str
    folder: Path
    kind: Literal["page", "stdio", "artifact"]
    manifest: Manifest
    site: str | None = None
    named: tuple[NamedHost, ...] = ()
    """Further hosts of that site, which it has named itself."""
    begins_at: str | None = None
    """The page that the site has named to begin at, instead of the manifest's."""
    authority: str | None = field(default=None, repr=False)
    """Certificates (PEM) of an authority of the owner's own, which counts at that site."""
    anywhere: LoadedSource | None = field(default=None, repr=False)
    """The same, at no site."""

    @property
    def takes_site(self) -> bool:
        """Whether it runs at an address that its owner gives."""
        return self.manifest.polyfill is not None and (
            self.site is not None or self.manifest.polyfill.setup_host is not None
        )

    @property
    def page(self) -> str:
        """Where it begins: where the site says, as far as that is on its hosts, or where the manifest does."""
        declared = self.manifest.polyfill
        if declared is None:
            return ""
        return self.begins_at if self.begins_at and allows_url(declared.hosts, self.begins_at) else declared.page

    def at(self, site: str, named: Sequence[NamedHost] = (), begins_at: str | None = None) -> LoadedSource:
        """The same at this site, with further hosts there. RefusedError where it is no address, or none that the
        manifest takes."""
        if self.anywhere is not None:
            return replace(self.anywhere.at(site, named, begins_at), authority=self.authority)
        declared = self.manifest.polyfill
        if declared is None or declared.setup_host is None:
            raise RefusedError(
                f"{self.name} has its own address and takes no other", "Leave --site out.", code=ErrorCode.NO_SITE_TAKEN
            )
        try:
            address = read_site(declared, site)
        except SiteAddressError as error:
            raise RefusedError(str(error), code=ErrorCode.BAD_SITE) from None
        return replace(
            self,
            manifest=at_site(self.manifest, address, named),
            site=str(address),
            named=tuple(named),
            begins_at=begins_at,
            anywhere=self,
        )

    def naming(self, named: Sequence[NamedHost]) -> LoadedSource:
        """The same at the same site, with these further hosts of it."""
        return self if self.site is None else self.at(self.site, named, self.begins_at)

    def check_site(self) -> None:
        """RefusedError where nothing can be reached yet: it is not said which site it is."""
        if self.site is None and self.takes_site:
            raise RefusedError(
                f"{self.name} is the software of many sites, and it is not said which one is yours",
                "Give its address: --site https://…",
                code=ErrorCode.NO_SITE,
            )

    @property
    def script(self) -> Path | None:
        """The polyfill's script; None for a process."""
        return None if self.manifest.polyfill is None else self.folder / self.manifest.polyfill.script

    def read_script(self) -> str:
        """The script's text, read now: whoever writes it has just changed it."""
        script = self.script
        if script is None:
            raise RefusedError(
                f"{self.name} runs as a process and has no script for a page", "Run it with stdio.command."
            )
        return _text(script)

    def read_libraries(self) -> tuple[tuple[str, str], ...]:
        """Names and texts of the files that come before the script, in the manifest's order."""
        declared = self.manifest.polyfill
        names = () if declared is None else declared.libraries
        return tuple((name, _text(self.folder / name)) for name in names)

    def read_probe(self) -> tuple[str, str] | None:
        """Name and text of the script that asks the site whether the owner is signed in; None where there is none."""
        declared = self.manifest.polyfill
        if declared is None or declared.session.probe is None:
            return None
        return declared.session.probe, _text(self.folder / declared.session.probe)

    def read_discover(self) -> tuple[str, str] | None:
        """Name and text of the script that asks a site for its hosts; None where there is none."""
        declared = self.manifest.polyfill
        if declared is None or declared.discover is None:
            return None
        return declared.discover, _text(self.folder / declared.discover)


def _text(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise RefusedError(f"{script} cannot be read: {why}", "Save it again as UTF-8 text.") from None


@dataclass(frozen=True, slots=True)
class BrokenSource:
    """A folder with a manifest that cannot be run, and why. It does not hide the others."""

    name: str
    folder: Path
    error: PolyhostError


def bundled_folder() -> Path:
    """Inside the package when installed, `polyfills/` of the checkout otherwise."""
    installed = _PACKAGE / "_bundled" / "polyfills"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "polyfills"


def find_sources(owner_folder: Path | None = None) -> list[LoadedSource | BrokenSource]:
    """Every source by name; the owner's own instead of a bundled one of the same name."""
    found: dict[str, LoadedSource | BrokenSource] = {}
    for name, folder in _candidates(owner_folder):
        if name in found:
            continue
        try:
            found[name] = load_connector_folder(folder, reference=name)
        except PolyhostError as error:
            found[name] = BrokenSource(name, folder, error)
    return [found[name] for name in sorted(found)]


def find_source(reference: str, owner_folder: Path | None = None) -> LoadedSource:
    """By name, or by path where it looks like one (`./site`, `/srv/site`, `~/site`)."""
    if os.sep in reference or reference.startswith((".", "~")):
        return load_connector_folder(Path(reference).expanduser())
    candidates = list(_candidates(owner_folder))
    for name, folder in candidates:
        if name == reference:
            return load_connector_folder(folder, reference=name)
    known = ", ".join(sorted({name for name, _ in candidates}))
    raise RefusedError(
        f"there is no source {reference[:80]!r}",
        f"There is: {known}. A polyfill of your own is named by its path: ./{reference[:80]}",
        code=ErrorCode.UNKNOWN_SOURCE,
    )


def _candidates(owner_folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Folders with a manifest, the owner's first."""
    for root in (owner_folder, bundled_folder()):
        if root is None or not root.is_dir():
            continue
        for folder in sorted(root.iterdir()):
            if _NAME.fullmatch(folder.name) and (folder / MANIFEST).is_file():
                yield folder.name, folder


def load_connector_folder(folder: Path, *, reference: str | None = None) -> LoadedSource:
    """Read and check everything that can be checked without running it. RefusedError names file and field."""
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    file = folder / MANIFEST
    manifest = _read_manifest(folder, file)
    if manifest.polyfill is not None:
        _inside(folder, manifest.polyfill.script, "polyfill.script")
        for index, library in enumerate(manifest.polyfill.libraries):
            _inside(folder, library, f"polyfill.libraries[{index}]")
        if manifest.polyfill.session.probe is not None:
            _inside(folder, manifest.polyfill.session.probe, "polyfill.session.probe")
        if manifest.polyfill.discover is not None:
            _inside(folder, manifest.polyfill.discover, "polyfill.discover")
    elif manifest.stdio is not None:
        _check_command(folder, manifest.stdio.command)
    elif manifest.importer is None:
        raise RefusedError(
            f"{file} does not say how to run it: it has neither 'polyfill' nor 'stdio', nor 'importer'",
            'Add "polyfill": {"script": …} for a page, "stdio": {"command": […]} for a process, or "importer".',
            code=ErrorCode.MANIFEST_NO_RUNNER,
        )
    if manifest.importer is not None:
        _inside(folder, manifest.importer.module, "importer.module")
    return LoadedSource(
        name=folder.name,
        reference=reference or str(folder),
        folder=folder,
        kind=_kind(manifest),
        manifest=manifest,
    )


def _kind(manifest: Manifest) -> Literal["page", "stdio", "artifact"]:
    if manifest.polyfill is not None:
        return "page"
    return "stdio" if manifest.stdio is not None else "artifact"


def _read_manifest(folder: Path, file: Path) -> Manifest:
    if not folder.is_dir():
        raise RefusedError(f"{folder} is not a folder", "Name the folder of a polyfill.", code=ErrorCode.UNKNOWN_SOURCE)
    _inside(folder, MANIFEST, MANIFEST)
    try:
        if file.stat().st_size > MAX_MANIFEST_BYTES:
            raise RefusedError(
                f"{file} is larger than 4 MiB", "Is it the manifest?", code=ErrorCode.MANIFEST_UNREADABLE
            )
        data = orjson.loads(file.read_bytes())
    except OSError as error:
        raise RefusedError(
            f"{file} cannot be read: {error.strerror}", "Check its permissions.", code=ErrorCode.MANIFEST_UNREADABLE
        ) from None
    except orjson.JSONDecodeError as error:
        raise RefusedError(
            f"{file} is not JSON (line {error.lineno}, column {error.colno})",
            "Correct it there.",
            code=ErrorCode.MANIFEST_NO_JSON,
        ) from None
    try:
        return load_manifest(data)
    except ManifestError as error:
        raise RefusedError(f"{file}: {error.reason}", error.instruction, code=error.code) from error


def _check_command(folder: Path, command: tuple[str, ...]) -> None:
    """A program given by a relative path, and every script among the arguments, are files of this folder."""
    program, *arguments = command
    if os.sep in program and not Path(program).is_absolute():
        _inside(folder, program, "stdio.command[0]")
    for index, argument in enumerate(arguments, start=1):
        if not argument.startswith("-") and Path(argument).suffix.lower() in SCRIPT_SUFFIXES:
            _inside(folder, argument, f"stdio.command[{index}]")


def _inside(folder: Path, name: str, field: str) -> None:
    """The file exists in this folder, after every link is followed."""
    if "\0" in name:
        raise RefusedError(
            f"{folder / MANIFEST}: {field} is not a file name", "Correct it.", code=ErrorCode.MANIFEST_FILE_INVALID
        )
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise RefusedError(
            f"{folder / MANIFEST}: {field} names {name!r}, which is outside the polyfill's folder",
            "Put the file into the folder: a folder is a whole polyfill.",
            code=ErrorCode.MANIFEST_FILE_OUTSIDE,
        )
    if not file.is_file():
        raise RefusedError(
            f"{folder / MANIFEST} is missing"
            if name == MANIFEST
            else f"{folder / MANIFEST}: {field} names {name!r}, which is missing",
            "Put the file there, or correct the name.",
            code=ErrorCode.MANIFEST_FILE_MISSING,
        )
