"""Is anybody there, who am I, and in which workspace. Must not know: conversations, messages."""

from __future__ import annotations

from fakes.slack import wire
from fakes.slack.methods.params import SlackError
from fakes.slack.methods.registry import Answer, Call, method


@method("api.test", "foo", "error")
def api_test(call: Call) -> Answer:
    """Echoes what it is given. The real one asks for no session; a client here always has one."""
    if call.params.has("error"):
        raise SlackError(call.params.text("error"))
    return {"args": {"foo": call.params.text("foo")} if call.params.has("foo") else {}}


@method("auth.test")
def auth_test(call: Call) -> Answer:
    world = call.world
    return {
        "url": f"https://{world.domain}.slack.com/",
        "team": world.name,
        "user": world.users[call.user].name,
        "team_id": world.team_id,
        "user_id": call.user,
        "is_enterprise_install": False,
    }


@method("team.info", "team", "domain")
def team_info(call: Call) -> Answer:
    if call.params.text("team", call.world.team_id) != call.world.team_id:
        raise SlackError("team_not_found")
    return {"team": wire.team(call.world)}
