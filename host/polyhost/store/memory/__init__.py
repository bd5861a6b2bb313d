"""The store as plain dictionaries, for tests and for runs that are to leave nothing behind."""

from polyhost.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
