"""Finding a browser on each platform, on a disk made up for it (ours)."""

from pathlib import Path

import pytest

from polyhost.browser.locate import MINIMUM_MAJOR, check_kind, check_version, find_browser
from polyhost.errors import RefusedError


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    path.chmod(0o755)
    return path


def find(home: Path, platform: str = "linux", *, unseen: bool = False, **environment: str) -> Path:
    path = {"PATH": str(home / "bin")}
    return find_browser(unseen=unseen, environment=path | environment, platform=platform, home=home)


def test_the_newest_browser_playwright_downloaded_comes_first(tmp_path: Path) -> None:
    put(tmp_path / "bin/chromium")
    put(tmp_path / ".cache/ms-playwright/chromium-999/chrome-linux/chrome")
    newest = put(tmp_path / ".cache/ms-playwright/chromium-1200/chrome-linux64/chrome")
    assert find(tmp_path) == newest


def test_playwrights_browsers_may_lie_elsewhere(tmp_path: Path) -> None:
    there = put(tmp_path / "shared/chromium-1/chrome-linux/chrome")
    assert find(tmp_path, PLAYWRIGHT_BROWSERS_PATH=str(tmp_path / "shared")) == there


def test_an_installed_one_is_found_on_the_path(tmp_path: Path) -> None:
    put(tmp_path / "bin/microsoft-edge")
    chrome = put(tmp_path / "bin/google-chrome")
    assert find(tmp_path) == chrome


def test_applications_are_looked_for_on_macos(tmp_path: Path) -> None:
    chrome = put(tmp_path / "Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    assert find(tmp_path, "darwin") == chrome
    own = put(tmp_path / "Library/Caches/ms-playwright/chromium-1/chrome-mac/Chromium.app/Contents/MacOS/Chromium")
    assert find(tmp_path, "darwin") == own


def test_program_folders_are_looked_in_on_windows(tmp_path: Path) -> None:
    edge = put(tmp_path / "x86/Microsoft/Edge/Application/msedge.exe")
    assert find(tmp_path, "win32", **{"ProgramFiles(x86)": str(tmp_path / "x86")}) == edge


@pytest.mark.parametrize(
    "place",
    [
        "bin/chromium-headless-shell",
        ".cache/ms-playwright/chromium_headless_shell-1200/chrome-linux/headless_shell",
        ".cache/ms-playwright/chromium_headless_shell-1200/chrome-headless-shell-linux64/chrome-headless-shell",
    ],
)
def test_where_no_site_can_see_it_a_headless_shell_comes_first(tmp_path: Path, place: str) -> None:
    whole = put(tmp_path / ".cache/ms-playwright/chromium-1200/chrome-linux64/chrome")
    assert find(tmp_path, unseen=True) == whole
    shell = put(tmp_path / place)
    put(shell.with_suffix(".log"))
    assert find(tmp_path, unseen=True) == shell
    assert find(tmp_path) == whole


def test_a_headless_shell_alone_is_no_browser_to_meet_a_site_with(tmp_path: Path) -> None:
    put(tmp_path / "bin/chromium-headless-shell")
    with pytest.raises(RefusedError, match="No Chromium"):
        find(tmp_path)


def test_the_override_outranks_everything(tmp_path: Path) -> None:
    put(tmp_path / "bin/chromium")
    own = put(tmp_path / "my-browser")
    assert find(tmp_path, POLYHOST_BROWSER=str(own)) == own


def test_an_override_that_is_not_there_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    put(tmp_path / "bin/chromium")
    with pytest.raises(RefusedError, match="POLYHOST_BROWSER"):
        find(tmp_path, POLYHOST_BROWSER=str(tmp_path / "gone"))


@pytest.mark.parametrize(("platform", "how"), [("linux", "apt-get install chromium"), ("darwin", "Google Chrome")])
def test_no_browser_at_all_says_in_one_line_what_to_install(tmp_path: Path, platform: str, how: str) -> None:
    if platform == "darwin" and Path("/Applications/Google Chrome.app").exists():
        platform = "win32"  # this machine has one where macOS keeps them
    with pytest.raises(RefusedError) as refused:
        find(tmp_path, platform)
    assert how in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["firefox", "webkit"])
def test_browsers_without_isolated_worlds_are_refused_for_live_runs(kind: str) -> None:
    with pytest.raises(RefusedError, match=f"{kind}.*isolated world"):
        check_kind(kind)
    check_kind("chromium")


@pytest.mark.parametrize("version", [f"{MINIMUM_MAJOR - 1}.0.1.2", "", "HeadlessShell"])
def test_a_browser_that_is_too_old_is_refused(version: str) -> None:
    with pytest.raises(RefusedError, match=str(MINIMUM_MAJOR)):
        check_version(version)


def test_a_recent_browser_is_taken() -> None:
    check_version(f"{MINIMUM_MAJOR}.0.0.0")
    check_version("156.0.8078.79")
