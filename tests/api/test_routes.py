"""Requests are read strictly, and every operation has its sides."""

import json
from typing import Any

import pytest

from api.serving import Client
from polyhost.operations.catalog import operations

NAMES = [operation.name for operation in operations()]


@pytest.mark.parametrize("operation", operations(), ids=NAMES)
def test_an_operation_is_a_command_and_a_route_or_says_why_not(operation):
    both = operation.command and bool(operation.routes)
    assert both == (operation.only is None)
    assert operation.command or operation.routes


@pytest.mark.parametrize("operation", operations(), ids=NAMES)
def test_every_route_can_be_performed(operation):
    for endpoint in operation.routes:
        assert endpoint.result is not None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/connections?bogus=1", "unknown_parameter"),
        ("/v1/connections/paused/runs?limit=0", "bad_limit"),
        ("/v1/connections/paused/runs?limit=1001", "bad_limit"),
        ("/v1/connections/paused/runs?limit=ten", "bad_request"),
        ("/v1/connections/paused/runs?limit=1&limit=2", "bad_request"),
        ("/v1/connections/paused/streams/messages/records?newest=perhaps", "bad_request"),
        ("/v1/connections/paused/streams/messages/records?after=nonsense", "bad_cursor"),
        ("/v1/search", "missing_field"),
        ("/v1/search?text=a%00b", "bad_request"),
    ],
)
async def test_a_query_that_is_not_understood_is_refused(client: Client, path: str, code: str):
    answer = await client("GET", path)
    assert (answer.status, answer.value["code"]) == (400, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.value["reason"]
    assert answer.value["instruction"]


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        "notes",
        {"streams": None},
        {"streams": []},
        {"streams": "notes"},
        {"streams": ["nowhere"]},
        {"stream": ["notes"]},
        {"resources": None},
        {"resources": []},
        {"resources": {}},
        {"resources": ["n1"]},
        {"resources": {"notes": []}},
        {"resources": {"notes": None}},
        {"resources": {"notes": "n1"}},
        {"resources": {"notes": [""]}},
        {"resources": {"notes": [1]}},
        {"resources": {"note": ["n1"]}},
        {"ressources": {"notes": ["n1"]}},
        {"time_range": {}},
        {"time_range": None},
        {"time_range": {"since": None}},
        {"time_range": {"from": "2026-01-01"}},
        {"time_range": {"since": "yesterday"}},
        {"mode": "full"},
        {"mode": None},
    ],
)
async def test_a_boundary_that_is_not_understood_starts_nothing(still: Client, wanted: Any):
    headers = {"Authorization": f"Bearer {still.token}", "Content-Type": "application/json"}
    answer = await still("POST", "/v1/connections/work/runs", headers=headers, data=json.dumps(wanted))
    assert answer.status == 400, answer.text
    assert (await still.get("/v1/connections/work/runs"))["runs"] == []


async def test_the_log_of_a_run_that_was_refused_speaks_of_no_run(still: Client, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    refused = await still("POST", "/v1/connections/work/runs", body={"resources": None})
    assert refused.status == 400
    told = {record.message for record in caplog.records}
    assert "no run began" in told
    assert "run ended" not in told


async def test_a_body_that_is_no_json_is_refused(own: Client):
    headers = {"Authorization": f"Bearer {own.token}", "Content-Type": "application/json"}
    answer = await own("POST", "/v1/connections/work/runs", headers=headers, data=b"{")
    assert (answer.status, answer.value["code"]) == (400, "bad_json")
    answer = await own(
        "POST", "/v1/connections/work/runs", headers=headers | {"Content-Type": "text/plain"}, data=b"{}"
    )
    assert (answer.status, answer.value["code"]) == (415, "unsupported_media_type")
    answer = await own("PUT", "/v1/connections/work/schedule", body={"every": "6h", "often": True})
    assert (answer.status, answer.value["code"]) == (400, "unknown_field")


async def test_what_is_not_there_is_not_found(client: Client):
    for path, code in (
        ("/v1/connections/nobody/health", "unknown_connection"),
        ("/v1/runs/run_x", "unknown_run"),
        ("/v1/runs/run_x/events", "unknown_run"),
        ("/v1/batches/bat_x/receipt", "unknown_batch"),
        ("/v1/nothing", "no_such_page"),
    ):
        answer = await client("GET", path)
        assert (answer.status, answer.value["code"]) == (404, code)
    answer = await client("DELETE", "/v1/search")
    assert (answer.status, answer.value["code"], answer.headers["Allow"]) == (405, "method_not_allowed", "GET, HEAD")
