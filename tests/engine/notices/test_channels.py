"""Notifications get out: to a real server on this machine, and to a program on the PATH that stands for the desktop."""

import json
from pathlib import Path

import pytest

from engine.notices.listening import listening
from polyhost.engine.notices import channels as sending
from polyhost.engine.notices.channels import Desktop, Notice, Webhook, channels
from polyhost.engine.settings.config import NotifyConfig
from polyhost.errors import RunFailedError

NOTICE = Notice(title="polyhost: work needs you", text="You are signed out.", click="http://127.0.0.1:8787/")
SHOWS = """#!{python}
import json, os, sys
json.dump({{"words": sys.argv[1:], "environment": sorted(os.environ)}}, open({out!r}, "w"))
sys.exit({status})
"""


@pytest.fixture
def desktop(tmp_path: Path):
    """Puts a program of this name on a PATH of its own; returns a desktop that finds it and what it was shown."""

    def put(name: str, status: int = 0) -> tuple[Desktop, Path]:
        import sys  # noqa: PLC0415

        shown, program = tmp_path / "shown.json", tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(SHOWS.format(python=sys.executable, out=str(shown), status=status), encoding="utf-8")
        program.chmod(0o700)
        return Desktop({"PATH": str(program.parent), "DISPLAY": ":0", "POLYHOST_SECRET": "x"}), shown

    return put


def test_the_settings_say_which_ways_there_are():
    assert channels(NotifyConfig()) == []
    both = channels(NotifyConfig(desktop=True, webhook="https://ntfy.sh/topic", webhook_token="t"))
    assert [way.name for way in both] == ["desktop", "webhook"]


async def test_a_webhook_is_posted_to_as_ntfy_takes_it():
    async with listening() as hook:
        await Webhook(hook.url, "tk_1").send(NOTICE)
    [posted] = hook.posted
    assert posted.text == "You are signed out."
    headers = {name: posted.headers[name] for name in ("Title", "Priority", "Tags", "Click", "Authorization")}
    assert headers == {
        "Title": "polyhost: work needs you",
        "Priority": "3",
        "Tags": "wave",
        "Click": "http://127.0.0.1:8787/",
        "Authorization": "Bearer tk_1",
    }


async def test_a_server_that_is_busy_is_asked_again_and_not_for_ever():
    async with listening() as hook:
        hook.answers = [503, 429]
        await Webhook(hook.url).send(NOTICE)
        assert len(hook.posted) == 3
        hook.answers = [500] * 9
        with pytest.raises(RunFailedError) as failed:
            await Webhook(hook.url).send(NOTICE)
        assert len(hook.posted) == 3 + sending.ATTEMPTS
    assert failed.value.code == "notice_not_taken"


@pytest.mark.parametrize("status", [301, 307, 401, 404])
async def test_a_refusal_or_a_redirect_is_final(status: int):
    """A token is for the address it was given with."""
    async with listening() as hook:
        hook.answers = [status]
        with pytest.raises(RunFailedError):
            await Webhook(hook.url, "tk_1").send(NOTICE)
        assert len(hook.posted) == 1


async def test_a_server_that_is_not_there_is_said_without_its_address():
    """Whoever knows an ntfy topic can read it."""
    async with listening() as hook:
        gone = hook.url
    with pytest.raises(RunFailedError) as failed:
        await Webhook(gone).send(NOTICE)
    assert "topic" not in str(failed.value)


async def test_the_desktop_shows_it_and_sees_little_of_the_environment(desktop):
    way, shown = desktop("notify-send")
    await way.send(NOTICE)
    found = json.loads(shown.read_text())
    assert found["words"][-3:] == ["--", "polyhost: work needs you", "You are signed out."]
    assert "POLYHOST_SECRET" not in found["environment"]
    assert "DISPLAY" in found["environment"]


async def test_a_mac_gets_the_words_as_arguments_of_a_fixed_script(desktop):
    way, shown = desktop("osascript")
    await way.send(Notice(title='"; do shell script "x', text="t"))
    words = json.loads(shown.read_text())["words"]
    assert words[-2:] == ['"; do shell script "x', "t"]
    assert words[:-2] == ["-e", "on run argv", "-e", words[3], "-e", "end run"]


async def test_a_desktop_that_shows_nothing_is_said(desktop, tmp_path: Path):
    failing, _ = desktop("notify-send", status=1)
    with pytest.raises(RunFailedError) as failed:
        await failing.send(NOTICE)
    assert failed.value.code == "notice_not_shown"
    with pytest.raises(RunFailedError) as none:
        await Desktop({"PATH": str(tmp_path)}).send(NOTICE)
    assert none.value.code == "no_desktop_notifications"
