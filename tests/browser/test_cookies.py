"""Cookies as owners hand them over: a cookies.txt, an installed browser; each trouble one sentence without a value."""

from pathlib import Path

import pytest
import yt_dlp.cookies

from polyhost.browser.cookies import cookies_of_browser, cookies_of_file
from polyhost.errors import RefusedError

HOSTS = ("*.slack.com",)
LINE = "{domain}\tTRUE\t/\tTRUE\t{expires}\td\txoxd-secret"


def written(folder: Path, *lines: str) -> Path:
    file = folder / "cookies.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_fields_are_read_as_curl_writes_them(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# Netscape HTTP Cookie File",
        "",
        "#HttpOnly_.slack.com\tTRUE\t/\tTRUE\t4102444800\td\txoxd-secret",
        "app.slack.com\tFALSE\t/client\tFALSE\t0\tx\t",
    )
    first, second = cookies_of_file(file, ("app.slack.com", "*.slack.com"))
    assert (first["domain"], first["httpOnly"], first["secure"], first["expires"]) == (
        ".slack.com",
        True,
        True,
        4102444800,
    )
    assert (second["domain"], second["path"], second["secure"], second["expires"]) == (
        "app.slack.com",
        "/client",
        False,
        -1,
    )


def test_a_file_that_windows_wrote_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(LINE.format(domain=".slack.com", expires=0) + "\r\n", encoding="utf-8-sig")
    (cookie,) = cookies_of_file(file, HOSTS)
    assert (cookie["domain"], cookie["value"]) == (".slack.com", "xoxd-secret")


def test_a_domain_for_subdomains_counts_as_one_with_or_without_its_dot(tmp_path: Path) -> None:
    (cookie,) = cookies_of_file(written(tmp_path, LINE.format(domain="slack.com", expires=0)), HOSTS)
    assert cookie["domain"] == ".slack.com"


@pytest.mark.parametrize("line", ["{}", "a b c", "d=xoxd-secret", LINE.format(domain=".slack.com", expires="soon")])
def test_a_line_that_is_none_is_named_and_not_quoted(tmp_path: Path, line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        cookies_of_file(written(tmp_path, "# comment", line), HOSTS)
    assert "cookies.txt:2" in refused.value.reason
    assert "secret" not in str(refused.value)


def test_a_file_of_other_sites_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        cookies_of_file(written(tmp_path, LINE.format(domain=".example.org", expires=0)), HOSTS)
    assert refused.value.code == "no_cookies"


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        cookies_of_file(tmp_path / "none.txt", HOSTS)
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(RefusedError):
        cookies_of_file(tmp_path / "picture", HOSTS)


@pytest.mark.parametrize("name", ["lynx", "", "firefox; rm", ":profile"])
def test_only_known_browsers_are_looked_for(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        cookies_of_browser(name, HOSTS, platform="linux")
    assert refused.value.code == "unknown_browser"


@pytest.mark.parametrize(
    ("browser", "platform", "word"),
    [("chrome", "win32", "Windows"), ("chrome", "linux", "keyring"), ("firefox", "linux", "locked")],
)
def test_a_store_that_cannot_be_read_says_why_as_far_as_that_is_known(
    monkeypatch: pytest.MonkeyPatch, browser: str, platform: str, word: str
) -> None:
    def broken(*_: object) -> None:
        raise PermissionError(13, "/home/mina/.config/secret-profile")

    monkeypatch.setattr(yt_dlp.cookies, "extract_cookies_from_browser", broken)
    with pytest.raises(RefusedError) as refused:
        cookies_of_browser(browser, HOSTS, platform=platform)
    assert refused.value.code == "cookies_unreadable"
    assert word in refused.value.reason
    assert "secret-profile" not in str(refused.value)


def test_cookies_that_could_not_be_decrypted_are_told_from_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_name: str, _profile: str | None, logger: yt_dlp.cookies.YDLLogger) -> list[object]:
        logger.info("Extracted 0 cookies from chrome (12 could not be decrypted)")
        return []

    monkeypatch.setattr(yt_dlp.cookies, "extract_cookies_from_browser", locked)
    with pytest.raises(RefusedError) as refused:
        cookies_of_browser("chrome", HOSTS, platform="linux")
    assert refused.value.code == "cookies_unreadable"
