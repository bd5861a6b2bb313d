"""The first run of a newcomer, and the one after it when nothing has happened.

Provenance: the must-shows of the main job (connect, run, the store equals the server's truth), PR-2.4, PR-4.1, CH-2.4.
"""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from e2e.command import CommandLine
from e2e.owner import Owner
from e2e.truth import difference, true
from fakes.slack import FakeSlack
from polyhost.api.openapi import schema_of


@pytest.mark.requirement("PR-2.4", "PR-2.5", "CH-2.3", "CH-2.4")
async def test_a_first_run_stores_the_truth_and_an_identical_second_one_adds_nothing(newcomer: Owner) -> None:
    first = await newcomer.run()
    assert (first.status, first.exit_code, first.value["diagnostics"]) == ("complete", 0, [])
    assert await difference(newcomer) == {}

    facts = true(newcomer.slack.world)
    by_stream = {name: sum(key[0] == name for key in facts) for name in ("users", "channels", "messages")}
    assert {name: first.counts(name)[0] for name in by_stream} == by_stream
    assert first.counts("workspace") == (1, 0, 0)
    # Whose the session is was asked when it was handed over: a run asks for nothing besides what its polyfill does.
    assert first.value["requests"] == sum(first.requests.values())

    partitions = await newcomer.partitions()
    assert {key for _, key in (key for key in facts if key[0] == "channels")} == partitions.keys()
    assert {view["extent"] for view in partitions.values()} == {"complete"}
    receipt = first.value["receipt"]
    assert receipt["completeness"]["claim"] == "complete"
    assert (receipt["method"], receipt["source"]) == ("browser_polyfill", "slack")

    stored = {stream: await newcomer.records(stream, deleted=True) for stream in (*by_stream, "workspace")}
    second = await newcomer.run()
    assert (second.status, second.value["diagnostics"]) == ("complete", [])
    assert second.value["requests"] == sum(second.requests.values())
    for stream, before in stored.items():
        assert second.counts(stream) == (0, 0, 0)
        assert await newcomer.records(stream, deleted=True) == before


@pytest.mark.requirement("PR-2.3")
async def test_another_tools_global_cursor_hides_no_history(slack: FakeSlack, home: Path, tmp_path: Path) -> None:
    """Cut short, the first run owns up to what lies before the cursor; the next one collects it."""
    kept = tmp_path / "cursor.txt"
    kept.write_text("1792000000.000000", encoding="utf-8")
    owner = Owner(slack, home)
    await owner.connect(legacy_state=str(kept))
    slack.behaviour.page_cap = 10
    slack.faults.sign_out_at(16)
    cut = await owner.run()
    assert "range_unproven" in cut.codes
    assert cut.value["receipt"]["completeness"]["claim"] == "unproven"
    slack.faults.clear()
    assert (await owner.run()).status == "complete"
    assert await difference(owner) == {}


@pytest.mark.requirement("CH-2.3", "CH-2.5")
async def test_the_commands_take_a_newcomer_from_a_session_file_to_records(
    slack: FakeSlack, command: CommandLine
) -> None:
    connected = await command.connect(slack)
    assert connected.exit_code == 0
    assert connected.stderr.splitlines() == [
        "polyhost: Slack may reach, and nothing else:",
        "polyhost: - app.slack.com",
        "polyhost: - any name below slack.com",
        (
            "polyhost: - Only while you sign in: any host of the internet"
            " (Workspaces sign in through whatever identity provider their company runs)"
        ),
    ]
    assert "test connection" in connected.stdout

    ran = await command("run", "fake", "--json")
    assert ran.exit_code == 0
    assert ran.value["status"] == "complete"
    jsonschema_rs.validator_for(schema_of("RunResult")).validate(ran.value)
    messages = sum(key[0] == "messages" for key in true(slack.world))
    assert ran.value["streams"]["messages"]["new"] == messages
    assert "8 partitions found" in ran.stderr

    kitchen = slack.world.conversation("kitchen")
    records = (await command("records", "fake", "messages", "--partition", kitchen.id, "--limit", "0", "--json")).value
    alive = {said.ts for said in kitchen.messages.values() if not said.is_tombstone}
    assert {record["data"]["ts"] for record in records["records"]} == alive
    assert records["next"] is None

    coverage = (await command("coverage", "fake", "--json")).value["streams"]["messages"]
    assert {view["extent"] for view in coverage["partitions"]} == {"complete"}
    (only,) = (await command("runs", "fake", "--json")).value["runs"]
    assert (only["run_id"], only["status"]) == (ran.value["run_id"], "complete")
    receipt = await command("receipt", only["run_id"], "--json")
    assert receipt.value == ran.value["receipt"]
    for secret in (slack.session.cookie, slack.world.token(), "Okafor", str(command.home)):
        assert secret not in receipt.stdout

    for words in (("run", "fake"), ("coverage", "fake"), ("runs", "fake"), ("records", "fake", "users")):
        shown = await command(*words)
        assert (shown.exit_code, shown.stdout.strip() != "") == (0, True)
        assert "Traceback" not in shown.stderr
