"""What a record holds, and what it must not.

Provenance: the shapes SLACK's clients get; HO-3 for secrets; re-reading must not look like a change.
"""

from __future__ import annotations

from fakes.slack import FakeSlack
from polyfills.slack.host import Home, collect

TOKEN = "xoxe-12345-abcdef"


async def test_a_message_carries_its_facts_and_no_token(slack: FakeSlack, home: Home) -> None:
    link = f"https://files.slack.com/files-pri/T0-F0/a.txt?t={TOKEN}&pub=1"
    said = slack.world.post(
        "harbour",
        "mina",
        "Look &amp; see",
        files=(),
        attachments=[{"fallback": "a card"}],
        unknown_field={"kept": False},
    )
    said.extra["files"] = [{"id": "F0", "name": "a.txt", "url_private": link, "thumb_64": link}]
    slack.world.react(said, "otto", "eyes")
    slack.world.edit(said, "Look &amp; see, twice")
    await collect(slack, home)
    data = next(one for one in home.live("messages").values() if one["ts"] == said.ts)
    assert data["sent_at"].endswith(f".{said.ts[-6:]}Z")
    assert data["text"] == "Look &amp; see, twice"
    assert data["edited_ts"] is not None
    assert data["reactions"] == [{"name": "eyes", "count": 1, "users": [slack.world.user("otto").id]}]
    assert data["attachments"] == [{"fallback": "a card"}]
    assert data["files"] == [
        {"id": "F0", "name": "a.txt", "url_private": "https://files.slack.com/files-pri/T0-F0/a.txt?pub=1"}
    ]
    assert TOKEN not in repr(home.rows)
    assert slack.world.token() not in repr((home.rows, home.cursors))


async def test_reading_in_another_client_changes_no_record(slack: FakeSlack, home: Home) -> None:
    for room in slack.world.conversations.values():
        slack.world.read_up_to(room.id, "mina", slack.world.now)
    report = await collect(slack, home)
    assert set(report.changes) <= {"unchanged"}


async def test_a_full_run_reads_everything_again_and_finds_it_unchanged(slack: FakeSlack, home: Home) -> None:
    before = len(home.rows)
    report = await collect(slack, home, full=True)
    assert report.status == "succeeded"
    assert set(report.changes) <= {"unchanged"}
    # a broadcast comes with its page and with its thread
    assert report.changes["unchanged"] >= before - sum(row.deleted for row in home.rows.values())
