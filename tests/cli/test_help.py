"""Help reads in the order an owner meets things, and the bare command says what comes next (ours)."""

from pathlib import Path

import pytest

from cli_runner import invoke
from polyhost import __version__
from polyhost.cli.main import cli
from polyhost.cli.wording import COMMAND_VARIABLE
from polyhost.operations.catalog import COMMAND_WORDS
from polyhost.operations.operation import Section
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store.base import BatchRow, RunRow
from polyhost.store.opening import open_store

NAMES = [name for named in cli.sectioned().values() for name in named]
AT = "2026-11-01T00:00:00.000Z"


def shown(*words: str) -> str:
    done = invoke(words)
    assert done.exit_code == 0
    return done.output


async def connected(home: Path, *natures: str, status: str | None = None) -> None:
    """Connections of these natures, each with a run that ended so."""
    store = await open_store(home)
    for nature in natures:
        row = await store.connections.create(
            name=f"my-{nature}", source="slack", nature=nature, options={}, account={}, at=AT
        )
        if status is not None:
            run = RunRow(
                id=f"run_{nature}", connection_id=row.id, batch_id="b", mode="live", status=status, started_at=AT
            )
            batch = BatchRow(id="b", connection_id=row.id, method="browser_polyfill", trigger="owner", started_at=AT)
            await store.runs.open(run, batch)
    await store.close()


def test_commands_stand_in_sections_from_the_first_steps_on():
    text = shown("--help")
    titles = [title for title in Section if f"{title}:" in text]
    assert titles == list(Section)
    assert [text.index(f"{title}:") for title in titles] == sorted(text.index(f"{title}:") for title in titles)
    for name in NAMES:
        assert f"\n  {name} " in text


def test_every_command_stands_in_one_section_and_nothing_else_does():
    assert sorted(NAMES) == sorted({*COMMAND_WORDS, "serve", "completion"})


@pytest.mark.parametrize("words", [[name] for name in NAMES], ids=lambda words: words[0])
def test_every_command_and_group_shows_examples(words):
    assert "Examples:" in shown(*words, "--help")


@pytest.mark.parametrize("command", ["run", "import", "demo"])
def test_what_a_run_can_end_with_is_said_where_it_ends_so(command):
    text = shown(command, "--help")
    for status in RunStatus:
        if status is not RunStatus.RUNNING:
            assert f"{status.exit_code:>3}  " in text


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_names_what_it_runs_on(flag):
    first, second = shown(flag).splitlines()
    assert first == f"polyhost {__version__}"
    assert second.startswith("Python 3.")


def test_with_nothing_there_the_bare_command_begins_at_the_beginning(home):
    assert "polyhost --home" in shown("--home", str(home))
    text = shown("--home", str(home))
    assert "Nothing is collected yet" in text
    assert text.index(" demo ") < text.index(" connect slack ")
    assert not home.exists()


async def test_with_the_demo_there_the_bare_command_leads_to_ones_own(home):
    await connected(home, "demo", status="complete")
    text = shown("--home", str(home))
    assert " coverage my-demo" in text
    assert " connect slack" in text


async def test_with_a_connection_that_never_ran_the_bare_command_leads_to_its_run(home):
    await connected(home, "demo", "live")
    text = shown("--home", str(home))
    assert "my-live is connected" in text
    assert " run my-live" in text


async def test_with_everything_running_the_bare_command_leads_to_its_status(home):
    await connected(home, "live", status="complete")
    assert " status " in shown("--home", str(home))


def test_the_bare_command_is_named_as_it_was_typed(home, monkeypatch):
    monkeypatch.setenv("POLYHOST_HOME", str(home))
    monkeypatch.setenv(COMMAND_VARIABLE, "./scripts/polyhost")
    assert "  ./scripts/polyhost demo " in shown()
