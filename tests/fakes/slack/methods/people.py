"""Users, and what belongs to the whole workspace beside them. Must not know: conversations."""

from __future__ import annotations

from fakes.slack import wire
from fakes.slack.methods.params import SlackError, page_of
from fakes.slack.methods.registry import Answer, Call, method

USERS_MAX = 999


@method("users.list", "limit", "cursor", "include_locale", "presence", items="members")
def users_list(call: Call) -> Answer:
    if call.behaviour.lists_restricted:
        raise SlackError("enterprise_is_restricted")
    people = sorted(call.world.users.values(), key=lambda person: person.id)
    if not call.params.has("limit") and len(people) > call.behaviour.users_without_limit:
        raise SlackError("limit_required")
    page = page_of(call.params, people, lambda person: person.id, kind="user", default=len(people), maximum=USERS_MAX)
    members = [wire.user(call.world, person) for person in page.items]
    return {"members": members, "cache_ts": call.now_ms // 1000, "response_metadata": page.metadata()}


@method("users.info", "user", "include_locale")
def users_info(call: Call) -> Answer:
    person = call.world.users.get(call.params.require("user"))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": wire.user(call.world, person)}


@method("emoji.list", "include_categories")
def emoji_list(call: Call) -> Answer:
    return {"emoji": dict(call.world.emoji), "cache_ts": f"{call.now_ms // 1000}.000000"}


@method("usergroups.list", "include_users", "include_disabled", "include_count")
def usergroups_list(call: Call) -> Answer:
    return {"usergroups": []}
