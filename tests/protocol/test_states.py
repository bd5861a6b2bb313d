"""The table of states (profile: connector states) and the diagram drawn from it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import Answered, Cancelled, Exited, Restarted, ask, done, play, record
from polyhost.protocol.states import INITIAL, TERMINAL, TRANSITIONS, ConnectorState, Event, mermaid

EVENTS = {
    Event.COLLECTED: record("notes", "n1"),
    Event.ASKED: ask(),
    Event.ANSWERED: Answered("q1"),
    Event.VIOLATED: {},
    Event.STOPPED: Cancelled(),
    Event.EXITED: Exited(1),
    Event.RESTARTED: Restarted(),
}


def test_every_state_can_be_reached_and_every_state_can_end():
    reached = {INITIAL}
    while more := {target for state in reached for target in TRANSITIONS[state].values()} - reached:
        reached |= more
    assert reached == set(ConnectorState) == set(TRANSITIONS)
    for state in set(ConnectorState) - TERMINAL:
        assert TERMINAL & set(TRANSITIONS[state].values())


def test_failed_is_final():
    assert TRANSITIONS[ConnectorState.FAILED] == {}


@pytest.mark.requirement("PR-4.1")
@given(steps=st.lists(st.sampled_from([*EVENTS, Event.DONE_SUCCEEDED, Event.DONE_FAILED]), max_size=8))
def test_the_machine_goes_where_the_table_says(steps):
    """Whatever happens in whatever order: the state is the table's, and what is not in the table is a violation."""
    book = play()
    expected = ConnectorState.COLLECTING
    ended = asked = False
    emitted = 0
    for step in steps:
        if step is Event.ASKED and asked:
            continue  # an id is used once
        if step is Event.ANSWERED and expected is not ConnectorState.WAITING:
            continue  # dropped
        message = {
            Event.DONE_SUCCEEDED: done(emitted),
            Event.DONE_FAILED: done(emitted, "failed"),
        }.get(step, EVENTS.get(step))
        speaks = isinstance(message, dict)
        table = TRANSITIONS[expected]
        if not ended:
            expected = table.get(step, table.get(Event.VIOLATED, expected) if speaks else expected)
        if step is Event.COLLECTED and expected is ConnectorState.COLLECTING:
            emitted += 1
        asked = (asked or (step is Event.ASKED and speaks)) and step is not Event.RESTARTED
        ended = ended or step in (Event.STOPPED, Event.EXITED, Event.VIOLATED) or expected is ConnectorState.FAILED
        book >> message
        assert book.machine.state is expected


def test_the_diagram_in_the_documentation_is_the_table(root):
    found = subprocess.run(
        [sys.executable, root / "scripts" / "state-diagram", "--check"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_diagram_shows_every_transition():
    drawn = mermaid()
    for state, row in TRANSITIONS.items():
        for event, target in row.items():
            assert any(
                line.startswith(f"    {state} --> {target}: ") and event.value in line for line in drawn.splitlines()
            )
