"""The importers of the bundled polyfills, asked directly."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from checkout import ROOT
from polyhost.connectors.loading import load_connector_folder
from polyhost.engine.imports.connector import load_importer

__all__ = ["importer_module", "whatsapp_ids"]


@cache
def importer_module(source: str) -> ModuleType:
    """The module that a source's importer is in."""
    importer = load_importer(load_connector_folder(ROOT / "polyfills" / source))
    return sys.modules[type(importer).__module__]


def whatsapp_ids(lines: Sequence[str]) -> list[str]:
    """The ids that the messages of these lines get."""
    module = importer_module("whatsapp")
    reading = module._Reading.__new__(module._Reading)
    reading._twice = {}
    reading._readable = lambda: iter(lines)
    return [identity for _, identity in reading._identified("dmy")]
