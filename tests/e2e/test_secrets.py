"""No secret of an owner's session is in anything polyhost says or keeps, however a run ends.

Provenance: docs/signing-in.md, secrets at rest and in output. Everything is searched: what commands print,
and every file of the home (the store and its write-ahead log, the sessions, whatever else is there) and of recordings.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from e2e.command import CommandLine, Finished
from fakes.slack import FakeSlack

PLANTED = "xoxd-planted-cookie-2f7c"


async def test_no_secret_is_printed_or_stored_in_the_clear(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    secrets = [slack.session.cookie, unquote(slack.session.cookie), slack.world.token(), PLANTED]
    slack.extra_cookies["x-planted"] = PLANTED
    said: list[Finished] = [await command.connect(slack)]
    (tmp_path / "session.json").unlink()  # the owner's own file, which polyhost no longer needs
    recording = tmp_path / "recording"
    commands = (
        ("run", "fake", "--json"),
        ("run", "fake", "--full", "--record", str(recording)),
        ("status", "fake", "--json"),
        ("records", "fake", "users", "--json"),
        ("runs", "fake", "--json"),
        ("doctor", "--json"),
    )
    said += [await command(*words) for words in commands]
    assert [ended.exit_code for ended in said[:3]] == [0, 0, 0]
    slack.sign_out_elsewhere()
    said.append(await command("run", "fake"))
    said.append(await command("status", "fake"))
    (command.home / "sessions" / "fake.sealed").write_bytes(b"damaged")
    said.append(await command("run", "fake"))
    assert [ended.exit_code for ended in said[-3::2]] == [4, 2]
    assert [secret for secret in secrets if any(secret in ended.stdout + ended.stderr for ended in said)] == []
    files = _files(tmp_path)
    assert {"store.db", "session.key"} <= {path.name for path in files}
    assert any(path.is_relative_to(recording) for path in files)
    assert [path for path in files for secret in secrets if secret.encode() in path.read_bytes()] == []


async def test_the_search_would_find_them(slack: FakeSlack, command: CommandLine, tmp_path: Path) -> None:
    """What is searched for is what the owner handed over."""
    await command.connect(slack)
    text = (tmp_path / "session.json").read_text()
    assert slack.session.cookie in text
    assert slack.world.token() in text


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
