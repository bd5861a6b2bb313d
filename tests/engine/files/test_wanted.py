"""Which files an owner asks for, as they type it."""

from __future__ import annotations

from typing import Any

import pytest

from polyhost.engine.files.wanted import FilesWanted
from polyhost.engine.settings.config import FilesConfig
from polyhost.engine.settings.file_sizes import size_in_bytes
from polyhost.errors import RefusedError
from polyhost.ledger.files import FileFacts, FileState

pytestmark = pytest.mark.requirement("SL-2")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("500B", 500), ("2k", 2048), ("3 KB", 3072), ("100MB", 100 << 20), ("2GiB", 2 << 30), ("1t", 1 << 40)],
)
def test_a_size_is_a_whole_number_with_a_unit(text: str, size: int):
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "0MB", "much", "1.5GB", "-1", "1PB", "1 0MB", "٣MB", "9" * 12])
def test_anything_else_is_none(text: str):
    with pytest.raises(RefusedError, match="not a valid size"):
        size_in_bytes(text)


def facts(kind: str | None) -> FileFacts:
    return FileFacts(identity="id:F1", is_thumbnail=False, stream="s", state=FileState.TO_COME, type=kind)


@pytest.mark.parametrize(
    ("asked", "kind", "wanted"),
    [
        ((), None, True),
        (("image",), "image/png", True),
        (("IMAGE",), "Image/PNG", True),
        (("image/png",), "image/png", True),
        (("image/png",), "image/png2", False),
        (("imag",), "image/png", False),
        (("image",), None, False),
        (("image", "application/pdf"), "application/pdf", True),
    ],
)
def test_types_are_kinds_or_whole(asked: tuple[str, ...], kind: str | None, wanted: bool):
    assert FilesWanted.of(FilesConfig(), types=asked).is_of_type(facts(kind)) is wanted


@pytest.mark.parametrize("kind", ["", "*", "image/*", "im age", "a/b/c", "../x"])
def test_what_is_no_type_is_refused(kind: str):
    with pytest.raises(RefusedError, match="not a valid type"):
        FilesWanted.of(FilesConfig(), types=[kind])


@pytest.mark.parametrize("given", [{"max_size": "much"}, {"per_run": "0"}])
def test_settings_are_held_to_the_same(given: dict[str, Any]):
    with pytest.raises(ValueError, match="not a valid size"):
        FilesConfig(**given)
