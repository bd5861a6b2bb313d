"""A rig over each kind of store: what holds for the engine holds whatever keeps its records."""

import pytest

from engine.rig import Rig
from polyhost.store.base import Store
from store.conftest import make_home, store

__all__ = ["make_home", "store"]


@pytest.fixture
def rig(store: Store) -> Rig:
    """An engine with a store, and no connection yet."""
    return Rig(store)
