"""The partition rules of a scope, from the manifest's declarations.

Owns: that one lookup, apart from runs, so that reading what is stored loads neither browser nor engine. Must not know:
states, runs.
"""

from __future__ import annotations

from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.state import PartitionRule
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope import Scope

__all__ = ["partition_rules"]


def partition_rules(manifest: Manifest, scope: Scope) -> dict[str, PartitionRule]:
    """The rules of the partitioned streams in scope."""
    return {
        stream.name: partition_rule(stream.name, declared.partition)
        for stream in scope.streams
        if (declared := manifest.by_name[stream.name]).partition is not None
    }
