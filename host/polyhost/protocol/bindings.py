"""What a connector needs of its host, matched before it starts.

Owns: the names of the bindings, the alias seen in the wild, and the match. Must not know: how a binding is provided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyhost.errors import ErrorCode, RefusedError
from polyhost.protocol.declarations import Manifest

__all__ = ["PARTITIONS", "BindingError", "keeps_cursors_on_the_way", "match_bindings"]

PARTITIONS = "polyhost/partitions"
"""Our extension: partitions and inventories. Offered to every connector; one that does not know it ignores it."""
_ALIASES = {"browser": "browser_automation"}
"""Names that manifests in the wild use for a binding of the profile."""


class BindingError(RefusedError):
    """A binding the connector requires is not offered; `binding` names it."""

    code = ErrorCode.BINDING_MISSING

    def __init__(self, binding: str) -> None:
        super().__init__(
            f"The connector requires the binding {binding!r}, and nothing here offers it",
            "Run it with a kind of connector that does, or mark the binding as not required in its manifest.",
        )
        self.binding = binding


def match_bindings(manifest: Manifest, offered: Mapping[str, Any]) -> dict[str, Any]:
    """START.bindings: what the manifest declares and the host offers, under the declared name; and our extension
    where the manifest has a partition, or a stream without that is a full inventory. What was not declared is not
    handed over."""
    matched: dict[str, Any] = {}
    for name, declared in manifest.runtime_requirements.bindings.items():
        source = name if name in offered else _ALIASES.get(name, name)
        if source in offered:
            matched[name] = matched[source] = offered[source]
        elif declared.required:
            raise BindingError(name)
    if PARTITIONS in offered and any(stream.partition or stream.is_enumerated for stream in manifest.streams):
        matched[PARTITIONS] = offered[PARTITIONS]
    return matched


def keeps_cursors_on_the_way(manifest: Manifest) -> bool:
    """Whether a cursor is kept with the records before it: of a page polyfill, and of a connector that declares our
    extension. One of the profile's own gives a cursor for a run that ends well."""
    return manifest.polyfill is not None or PARTITIONS in manifest.runtime_requirements.bindings
