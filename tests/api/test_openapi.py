"""The API's description is valid, complete, and true of the server that runs."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_pydantic import OpenAPI
from schemathesis.config import SchemathesisConfig

from api.serving import TOKEN, Client, connect_process, served
from polyhost.api.openapi import EVENTS, openapi_document, schema_of
from polyhost.server.application import build_app, make_dashboard
from polyhost.web.pages import add_pages
from web.situations import SITUATIONS

EXAMPLES = 4
LONGEST = 120
"""Seconds in which a request is answered however busy the machine is: only what hangs takes longer."""
"""Requests of each kind to each operation: enough to try every parameter once with what fits and what does not."""
CONFIG = {
    "checks": {
        # An unknown stream is a bad request (400), although no schema can say which there are; a free-text query may be
        # too wide; and one server runs only so much at once.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "404", "409", "413", "429"]},
    }
}


def test_the_description_is_openapi():
    OpenAPI.model_validate(openapi_document())
    assert openapi_document()["openapi"] == "3.1.0"


async def test_the_description_has_every_route_of_the_server_and_no_other(client: Client):
    """Only what the dashboard's pages are made of is left out; a GET brings its HEAD along."""
    pages = web.Application()
    dash = make_dashboard(client.server.resources)
    add_pages(pages, dash)
    served_there = _routes(build_app(client.server.surface, dash)) - _routes(pages)
    described = {(method.upper(), path) for path, item in openapi_document()["paths"].items() for method in item}
    assert described == {(method, path) for method, path in served_there if method != "HEAD"}
    ids = [one["operationId"] for item in openapi_document()["paths"].values() for one in item.values()]
    assert len(ids) == len(set(ids))


def _routes(app: web.Application) -> set[tuple[str, str]]:
    return {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}


def test_a_change_takes_a_header_beside_the_cookie():
    for path, item in openapi_document()["paths"].items():
        for method, described in item.items():
            ways = [set(way) for way in described["security"]]
            wanted = {"session"} if method == "get" else {"session", "dashboard"}
            assert ways == ([] if path == "/login" else [{"token"}, wanted]), (method, path)


def test_nothing_in_the_description_is_open():
    """An object whose fields are named has no others. Nor is any called as it is in the code."""
    for name, schema in openapi_document()["components"]["schemas"].items():
        assert not name.endswith("Json")
        if "properties" in schema:
            assert schema["additionalProperties"] is False, name


OPEN = {
    "GivenAnswer.data": "as the question's rules say",
    "ListedRecord.data": "by its stream's schema",
    "ReadRecord.data": "by its stream's schema",
    "StoredRecord.data": "by its stream's schema",
    "OwnerAsked.schema": "a connector's own",
    "QuestionField.rule": "a connector's own",
}
"""Fields whose content is somebody else's to describe."""


def test_everything_in_the_description_is_described():
    """A client can be made from it: no object without fields, no value of any kind, nothing without a word."""
    document = openapi_document()
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    loose = {
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, said in schema.get("properties", {}).items()
        if any(_is_loose(one) for one in (said, *said.get("anyOf", ()), *_values(said)))
    }
    assert loose == set(OPEN)
    described = [one for item in document["paths"].values() for one in item.values()]
    assert all(one["summary"] and all(given["description"] for given in one["parameters"]) for one in described)
    assert all(one["requestBody"]["description"] for one in described if "requestBody" in one)


def _is_loose(schema: dict[str, Any]) -> bool:
    if schema.get("type") == "object":
        return not schema.get("properties") and not isinstance(schema.get("additionalProperties"), dict)
    return not schema.keys() & {"type", "$ref", "anyOf", "const", "enum", "prefixItems"}


def _values(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a list or a map is of."""
    return [one for one in (schema.get("items"), schema.get("additionalProperties")) if isinstance(one, dict)]


def valid(kind: str, value: Any) -> None:
    jsonschema_rs.validator_for(schema_of(kind)).validate(value)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/connections/{name}/health", "Health"),
        ("/v1/connections/{name}/coverage", "Coverage"),
        ("/v1/connections/{name}/runs", "Runs"),
        ("/v1/connections/{name}/batches", "Batches"),
        ("/v1/connections/{name}/schedule", "Schedule"),
        ("/v1/connections/{name}/streams/messages/records?limit=3", "Records"),
        ("/v1/connections/{name}/streams/messages/counts", "StreamCounts"),
    ],
)
async def test_what_is_answered_is_what_is_described(client: Client, path: str, kind: str):
    for name in SITUATIONS:
        answer = await client("GET", path.format(name=name))
        if answer.status == 200:
            valid(kind, answer.value)
        else:
            assert (name, answer.status) in {
                ("source-unreadable", 400),
                ("no-partitions", 404),
                ("source-unreadable", 404),
            }
            valid("Problem", answer.value)


async def test_what_has_no_name_is_answered_as_described_too(client: Client):
    paths = {
        "/v1/connections": "Connections",
        "/v1/health": "AllHealth",
        "/v1/schedules": "Schedules",
        "/v1/sources": "Sources",
        "/v1/config": "Settings",
        "/v1/questions": "Questions",
        "/v1/search?text=one": "Found",
    }
    for path, kind in paths.items():
        valid(kind, await client.get(path))


async def test_runs_and_receipts_are_answered_as_described(client: Client):
    runs = [run for name in SITUATIONS for run in (await client.get(f"/v1/connections/{name}/runs"))["runs"]]
    assert runs
    seen: set[int] = set()
    for run in runs:
        valid("RunDetails", await client.get(f"/v1/runs/{run['run_id']}"))
        receipt = await client("GET", f"/v1/batches/{run['batch_id']}/receipt")
        valid("Receipt" if receipt.status == 200 else "Problem", receipt.value)
        seen.add(receipt.status)
    assert seen == {200, 409}


async def test_records_are_answered_as_described(client: Client):
    found = (await client.get("/v1/connections/imported/streams/messages/records?limit=1"))["records"][0]
    place = "/v1/connections/imported/streams/messages"
    key = json.dumps(found["key"])[1:-1].replace('\\"', "%22")
    valid("Record", await client.get(f"{place}/record?key={key}&versions=true"))
    valid("Thread", await client.get(f"{place}/thread?key={key}"))


async def test_every_event_of_a_run_is_as_described(own: Client):
    run_id = (await own("POST", "/v1/connections/work/runs", body={})).value["run_id"]
    heard = [event async for event in own.events(f"/v1/runs/{run_id}/events")]
    for _, name, data in heard:
        valid(EVENTS[name].__name__, data)
    assert {"run_started", "records_written", "run_finished"} <= {name for _, name, _ in heard}


async def test_a_preview_is_answered_as_described(own: Client):
    chat = b"21/02/2024, 09:15 - Ada: One\n22/02/2024, 10:00 - Bo: Two words\n"
    headers = {"Authorization": f"Bearer {own.token}", "Content-Type": "application/octet-stream"}
    path = "/v1/connections/chat/artifacts?filename=WhatsApp%20Chat%20with%20Ada.txt"
    answer = await own("POST", path, headers=headers, data=chat)
    assert answer.status == 201, answer.text
    valid("Previewed", answer.value)


@pytest.mark.timeout(300)
async def test_the_running_server_does_what_is_described(home: Path):
    """schemathesis: requests made from the description, good and bad, and every answer held to it."""
    await connect_process(home)
    async with served(home, failures=1_000_000) as client:  # some requests come without a token, or with another
        found = await asyncio.to_thread(_try_everything, client.origin)
    assert found == []


async def test_what_a_wrong_token_is_told_is_described_too(home: Path):
    """Once there were too many (here: from the first on), on every route that is the owner's."""
    await connect_process(home)
    async with served(home, failures=0) as client:
        problems, statuses = await asyncio.to_thread(_try_with_a_wrong_token, client.origin)
    assert problems == []
    assert {label for label, status in statuses.items() if status != 429} == {"GET /login"}


def _try_with_a_wrong_token(origin: str) -> tuple[list[str], dict[str, int]]:
    """What did not fit, and the status by route."""
    statuses: dict[str, int] = {}
    problems: list[str] = []
    schema = schemathesis.openapi.from_dict(openapi_document(), config=SchemathesisConfig.from_dict(CONFIG))

    def attempt(case: Any) -> None:
        response = case.call(base_url=origin, timeout=LONGEST, headers={"Authorization": "Bearer wrong"})
        statuses[case.operation.label] = response.status_code
        try:
            case.validate_response(response)
        except BaseException as failure:
            problems.append(f"{case.operation.label}: {failure}"[:1500])

    for result in schema.get_all_operations():
        positive = result.ok().as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
        settings(
            max_examples=1,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(case=positive)(attempt))()
    return problems, statuses


def _try_everything(origin: str) -> list[str]:
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_dict(openapi_document(), config=config)
    problems: list[str] = []
    for result in schema.get_all_operations():
        problems += _try(result.ok(), origin)
    return problems


def _make_real(case: Any) -> None:
    """Names of things that are there: a random one finds nothing, and little is learned from that."""
    for name, value in (("name", "work"), ("stream", "notes")):
        if name in case.path_parameters:
            case.path_parameters[name] = value


def _try(operation: Any, origin: str) -> list[str]:
    problems: list[str] = []
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        try:
            _attempts(operation, mode, origin, problems)()
        except Unsatisfiable:  # nothing can be wrong with a request that has no parts
            continue
    return problems


def _attempts(operation: Any, mode: Any, origin: str, problems: list[str]) -> Any:
    keeps_names = not operation.path.endswith("/rename") and operation.method.upper() != "DELETE"
    real = mode is schemathesis.GenerationMode.POSITIVE and keeps_names

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        if real:
            _make_real(case)
        try:
            case.call_and_validate(base_url=origin, timeout=LONGEST, headers={"Authorization": f"Bearer {TOKEN}"})
        except BaseException as failure:
            problems.append(re.sub(r"\s+", " ", f"{operation.label}: {failure}")[:1500])

    return attempt
