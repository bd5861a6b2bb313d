"""The table of operations: what the families declare, in the order of help. A surface shows exactly these."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from polyhost.errors import ErrorCode
from polyhost.operations import (
    coverage,
    doctor,
    exceptions,
    export,
    fixtures,
    notifications,
    partitions,
    polyfills,
    receipts,
    records,
    requests,
    schedules,
    search,
    settings,
    status,
)
from polyhost.operations._before import before, route
from polyhost.operations.operation import Exchange, Operation

__all__ = ["COMMANDS", "OPERATIONS"]

_AUTHORS = "It works on an author's files, on this machine."


def declared_in(family: ModuleType) -> tuple[Operation[Any, Any], ...]:
    """What a module declares, from its top down."""
    declared = (found for found in vars(family).values() if isinstance(found, Operation))
    return tuple(found for found in declared if found.handler.__module__ == family.__name__)


OPERATIONS = (
    before(
        "demo",
        requests.DemoRequest,
        "polyhost.operations.collect:demo",
        "Replay the bundled Slack recording and show what came of it.",
        ("polyhost demo",),
        only="It shows in a terminal what a run is; a server has connections of its own.",
    ),
    before(
        "connect",
        requests.ConnectRequest,
        "polyhost.operations.connections:connect",
        "Connect a source: sign in once in a window of your own, or hand a session over.",
        (
            "polyhost connect slack",
            "polyhost connect slack --name work",
            "polyhost connect slack --renew",
            "polyhost connect slack --all",
            "polyhost connect slack --cookies-from firefox",
            "polyhost connect slack --cdp http://127.0.0.1:9222",
            "polyhost connect slack --storage-state session.json",
        ),
        only="It reads session files of this machine, or opens a browser window to sign in.",
    ),
    before(
        "connections",
        requests.ConnectionsRequest,
        "polyhost.operations.connections:connections",
        "List what is connected.",
        ("polyhost connections",),
        routes=(route("GET", "/v1/connections", "Connections"),),
    ),
    before(
        "run",
        requests.RunRequest,
        "polyhost.operations.collect:run",
        "Collect what is new, and say what is missing.",
        (
            "polyhost run slack",
            "polyhost run slack --dry-run",
            "polyhost run slack --resource messages=C024BE91L --since 2026-01-01",
            "polyhost run slack --json | jq .diagnostics",
        ),
        routes=(
            route(
                "POST",
                "/v1/connections/{name}/runs",
                "Started",
                202,
                request=requests.StartRequest,
                handler="polyhost.operations.hosted:start",
                errors=(ErrorCode.RUN_IN_PROGRESS, ErrorCode.TOO_MANY_RUNS),
            ),
        ),
    ),
    before(
        "import",
        requests.ImportRequest,
        "polyhost.operations.artifacts:import_file",
        "Import a file you exported yourself, or see first what that would come to.",
        (
            "polyhost import slack export.zip --preview",
            "polyhost import slack export.zip",
            "polyhost import family chat.zip --source whatsapp",
        ),
        routes=(
            route(
                "POST",
                "/v1/connections/{name}/artifacts",
                "Previewed",
                201,
                request=requests.UploadRequest,
                handler="polyhost.operations.hosted:preview",
                errors=(ErrorCode.NOT_RECOGNISED, ErrorCode.OTHER_ACCOUNT),
                exchange=Exchange.UPLOAD,
            ),
        ),
    ),
    *declared_in(status),
    *declared_in(records),
    *declared_in(search),
    *declared_in(coverage),
    *declared_in(export),
    before(
        "runs",
        requests.RunsRequest,
        "polyhost.operations.reading:runs",
        "List past runs, newest first.",
        ("polyhost runs slack",),
        routes=(route("GET", "/v1/connections/{name}/runs", "Runs"),),
    ),
    before(
        "cancel",
        requests.CancelRequest,
        "polyhost.operations.collect:cancel",
        "Ask a run in another process to stop and keep what it has read.",
        ("polyhost cancel run_019a…",),
        routes=(
            route(
                "POST",
                "/v1/runs/{run}/cancel",
                "Cancelling",
                202,
                handler="polyhost.operations.collect:cancel",
                errors=(ErrorCode.NOT_RUNNING,),
            ),
        ),
    ),
    before(
        "pause",
        requests.PauseRequest,
        "polyhost.operations.collect:pause",
        "Let a run wait: nothing more is asked of the site until it is resumed.",
        ("polyhost pause run_019a…",),
        routes=(
            route(
                "POST",
                "/v1/runs/{run}/pause",
                "Pausing",
                202,
                handler="polyhost.operations.collect:pause",
                errors=(ErrorCode.NOT_RUNNING,),
            ),
        ),
    ),
    before(
        "resume",
        requests.ResumeRequest,
        "polyhost.operations.collect:resume",
        "Let a run that is paused go on exactly where it was.",
        ("polyhost resume run_019a…",),
        routes=(
            route(
                "POST",
                "/v1/runs/{run}/resume",
                "Resuming",
                202,
                handler="polyhost.operations.collect:resume",
                errors=(ErrorCode.NOT_RUNNING,),
            ),
        ),
    ),
    *declared_in(partitions),
    *declared_in(exceptions),
    *declared_in(schedules),
    *declared_in(notifications),
    *declared_in(polyfills),
    *declared_in(fixtures),
    *declared_in(receipts),
    *declared_in(settings),
    *declared_in(doctor),
    before(
        "disconnect",
        requests.DisconnectRequest,
        "polyhost.operations.leaving:disconnect",
        "Forget a connection's session, and keep or delete its data.",
        ("polyhost disconnect slack", "polyhost disconnect slack --keep-data", "polyhost disconnect old --delete-data"),
        routes=(route("DELETE", "/v1/connections/{name}", "Disconnected", errors=(ErrorCode.ANSWER_NEEDED,)),),
    ),
    before(
        "rename",
        requests.RenameRequest,
        "polyhost.operations.leaving:rename",
        "Give a connection another name.",
        ("polyhost rename slack work",),
        routes=(route("POST", "/v1/connections/{name}/rename", "Renamed", errors=(ErrorCode.NAME_TAKEN,)),),
    ),
    before(
        "run details",
        requests.RunDetailsRequest,
        "polyhost.operations.reading:run_details",
        "One run, going on or past, with its receipt once it has ended.",
        routes=(route("GET", "/v1/runs/{run}", "RunDetails", handler="polyhost.operations.hosted:run_details"),),
        command=False,
        only="In a terminal the run's own command shows it, and receipt RUN afterwards.",
    ),
    before(
        "run events",
        requests.RunDetailsRequest,
        "polyhost.operations.hosted:follow",
        "What a run says while it goes on, as server-sent events; resumes after Last-Event-ID.",
        routes=(route("GET", "/v1/runs/{run}/events", "RunResult", exchange=Exchange.EVENTS),),
        command=False,
        only="In a terminal the run's own command shows it.",
    ),
    before(
        "run answer",
        requests.AnswerRequest,
        "polyhost.operations.hosted:answer",
        "Answer what a run asks. The answer goes to the run, and nowhere else.",
        routes=(
            route(
                "POST",
                "/v1/runs/{run}/interactions/{request_id}",
                "Answered",
                errors=(ErrorCode.UNKNOWN_INTERACTION,),
            ),
        ),
        command=False,
        only="In a terminal the run's own command asks.",
    ),
    before(
        "questions",
        requests.QuestionsRequest,
        "polyhost.operations.hosted:questions",
        "What runs wait for their owner to say.",
        routes=(route("GET", "/v1/questions", "Questions"),),
        command=False,
        only="In a terminal the run's own command asks.",
    ),
    before(
        "import commit",
        requests.CommitRequest,
        "polyhost.operations.hosted:commit",
        "Import an uploaded file, as its preview said.",
        routes=(
            route("POST", "/v1/artifacts/{artifact}/commit", "Started", 202, errors=(ErrorCode.UNKNOWN_ARTIFACT,)),
        ),
        command=False,
        only="In a terminal the file is there already: import NAME FILE, after import NAME FILE --preview.",
    ),
)

COMMANDS = tuple(operation for operation in OPERATIONS if operation.command)
"""Those a command line has."""
