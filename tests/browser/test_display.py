"""Whether a window can be shown (ours)."""

import pytest

from polyhost.browser.display import display_flags, has_display


@pytest.mark.parametrize(
    ("environment", "platform", "shown"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_screen_is_told_by_what_the_platform_says(environment: dict[str, str], platform: str, shown: bool) -> None:
    assert has_display(environment, platform) is shown


def test_chromium_is_told_of_wayland_only_where_there_is_nothing_else() -> None:
    assert display_flags({"WAYLAND_DISPLAY": "wayland-0"}) == ("--ozone-platform=wayland",)
    assert display_flags({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}) == ()
