"""A store that writes nothing: what writing to another store would come to."""

from polyhost.store.preview.store import PreviewStore

__all__ = ["PreviewStore"]
