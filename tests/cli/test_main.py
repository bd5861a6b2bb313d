"""The command line is generated from the catalog: every operation, its options, its renderer; and it is light."""

import json
import subprocess
import sys

import pytest

from cli_runner import invoke
from polyhost.cli.render import renderer
from polyhost.operations.catalog import commands
from polyhost.operations.fields import describe
from polyhost.protocol.diagnostics import RunStatus

NAMES = [operation.name for operation in commands()]


@pytest.mark.parametrize("operation", commands(), ids=NAMES)
def test_every_operation_has_a_command_that_explains_itself(operation):
    shown = invoke([*operation.name.split(), "--help"])
    assert shown.exit_code == 0
    assert operation.summary.split(":")[0][:40] in " ".join(shown.output.split())
    for field in describe(operation.request):
        named = (
            (field.metavar or field.name.upper()) if field.kind == "argument" else "--" + field.name.replace("_", "-")
        )
        assert named in shown.output
    assert all(example.split(" | ")[0] in shown.output for example in operation.examples)


@pytest.mark.parametrize("operation", commands(), ids=NAMES)
def test_every_operation_has_a_renderer(operation):
    assert callable(renderer(operation))


def test_help_loads_nothing_heavy():
    """`polyhost --help` has to be instant: no store, no browser, no models, no terminal library."""
    probe = (
        "import sys, polyhost.cli.main; "
        "print([m for m in ('playwright','sqlalchemy','pydantic','rich','aiohttp','orjson') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.requirement("PR-1.3")
def test_each_run_status_has_an_exit_code_of_its_own():
    finished = [status for status in RunStatus if status is not RunStatus.RUNNING]
    assert {str(status): status.exit_code for status in finished} == {
        "complete": 0,
        "complete_with_gaps": 3,
        "failed": 1,
        "needs_owner": 4,
        "cancelled": 130,
    }


def test_a_command_that_does_not_exist_is_refused_with_status_2():
    assert invoke(["harvest"]).exit_code == 2


@pytest.mark.parametrize("words", [["run", "slack", "--bogus"], ["records", "x", "y", "--limit", "z"], ["harvest"]])
def test_what_is_typed_wrongly_is_one_json_value_where_json_was_asked_for(words):
    ended = invoke([*words, "--json"])
    assert ended.exit_code == 2
    assert json.loads(ended.stdout)["error"]["code"] == "usage"
    assert "Usage: " in ended.stderr
