"""The node of the conformance tests."""

from conformance.conftest import node_on_path

__all__ = ["node_on_path"]
