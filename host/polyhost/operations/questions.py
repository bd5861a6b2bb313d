"""What runs of this process ask their owner, and the answers.

Owns: which answers are one at all; what is refused says nothing of what was given. Must not know: HTTP, what a field's
rule means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from typing_extensions import TypeAliasType, TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.fields import argument, body
from polyhost.operations.operation import Result, Route, operation
from polyhost.operations.shared_results import Described

if TYPE_CHECKING:
    from polyhost.engine.control.run_control import OpenQuestion
    from polyhost.operations.context import Context

__all__ = ["Answer", "AnswerRequest", "Answered", "Questions", "QuestionsRequest", "answer", "questions"]

_ONLY = "In a terminal the run's own command asks."


class GivenAnswer(TypedDict):
    """Each field by its name."""

    status: Literal["success"]
    data: Annotated[dict[str, Any], Described("By the fields of the question, each as its `rule` says.")]


class NoAnswer(TypedDict):
    """The owner does not answer; the run goes on without."""

    status: Literal["cancelled"]


Answer = TypeAliasType("Answer", Annotated[GivenAnswer | NoAnswer, Described("An answer; or that there is none.")])


class Answered(TypedDict):
    """The answer was handed on."""

    run_id: str
    request_id: str
    status: Literal["success", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    run: str = argument("The id of the run that asks.")
    request_id: str = argument("The id of what it asks.")
    answer: Any = body("The answer, or that there is none.", of=Answer)  # noqa: RUF009  a field, as the others are


@operation(
    "run answer",
    "Answer what a run asks. The answer goes to the run, and nowhere else.",
    routes=(Route("POST", "/v1/runs/{run}/interactions/{request_id}"),),
    refusals=(ErrorCode.UNKNOWN_INTERACTION,),
    command=False,
    only=_ONLY,
)
async def answer(context: Context, request: AnswerRequest) -> Result[Answered]:
    """Hand an answer on. It is kept nowhere."""
    from polyhost.operations.hosted import host_of

    status, data = _answer(request.answer)
    await host_of(context).answer(request.run, request.request_id, status, data)
    return Result(Answered(run_id=request.run, request_id=request.request_id, status=status))


def _answer(given: object) -> tuple[Literal["success", "cancelled"], Any]:
    """`{status, data?}`; nothing else, and nothing of it in a refusal."""
    from polyhost.engine.control.run_control import ANSWERS

    if not isinstance(given, dict) or given.keys() - {"status", "data"} or given.get("status") not in ANSWERS:
        raise RefusedError(
            "that is not an answer",
            'Give {"status": "success", "data": {…}} or {"status": "cancelled"}.',
            code=ErrorCode.BAD_ANSWER,
        )
    status, data = given["status"], given.get("data")
    if status == "success" and not isinstance(data, dict):
        raise RefusedError(
            "an answer has to be an object", "Give each field by its name in data.", code=ErrorCode.BAD_ANSWER
        )
    if status == "cancelled" and data is not None:
        raise RefusedError(
            "data cannot come with a question that is declined", "Leave data out.", code=ErrorCode.BAD_ANSWER
        )
    return status, data


QuestionKind = Literal["credentials", "otp", "manual_action"]


class QuestionField(TypedDict):
    """One thing to type. `secret`: not to be shown while it is typed."""

    name: str
    label: str
    secret: bool
    rule: Annotated[dict[str, Any], Described("Its JSON Schema, as the connector gave it.")]


class AskedQuestion(TypedDict):
    """What a run waits for. No fields: something to be done by hand, which is answered with success and no data."""

    connection: str
    run_id: str
    request_id: str
    kind: QuestionKind
    message: str
    until: Annotated[str | None, Described("When the run goes on or ends without an answer.")]
    fields: list[QuestionField]


class Questions(TypedDict):
    """Everything that runs wait for."""

    questions: list[AskedQuestion]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsRequest:
    pass


@operation(
    "questions",
    "What runs wait for their owner to say.",
    routes=(Route("GET", "/v1/questions"),),
    command=False,
    only=_ONLY,
)
async def questions(context: Context, request: QuestionsRequest) -> Result[Questions]:
    """Everything that is waited for now."""
    from polyhost.operations.hosted import host_of

    del request
    return Result(Questions(questions=[_asked(question) for question in host_of(context).questions()]))


def _asked(question: OpenQuestion) -> AskedQuestion:
    return AskedQuestion(
        connection=question.connection,
        run_id=question.run_id,
        request_id=question.request_id,
        kind=cast("QuestionKind", question.kind),
        message=question.message,
        until=question.until,
        fields=[
            QuestionField(name=field.name, label=field.label, secret=field.secret, rule=dict(field.rule))
            for field in question.fields
        ],
    )
