"""The points where the sources disagree, or Slack may change its mind: one switch each, so a test can try both ways.

Must not know: how a switch is obeyed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Behaviour"]


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """Defaults are what was observed most; mutable, so a test may flip one between two runs."""

    # history and threads
    oldest_alone: Literal["newest", "nearest"] = "newest"  # which page comes first for `oldest` without `latest`
    repeat_root: bool = False  # whether continuation pages of a thread start with the root again
    page_cap: int | None = None  # the server hands out fewer than asked for, as the limit of 2025 does to apps
    reply_users_cap: int = 5  # roots name only so many of the people who replied
    reaction_users_cap: int | None = None  # `users` of a reaction may be shorter than `count`

    # lists
    boot_cap: int = 200  # channels in client.userBoot
    boot_archived: bool = False  # whether client.userBoot lists archived channels
    closed_dms: Literal["listed", "hidden"] = "listed"  # in counts and users.conversations
    filter_after_paging: bool = False  # pages are cut first and filtered then: short and empty pages
    users_without_limit: int = 500  # users.list without a limit refuses more people than this
    lists_restricted: bool = False  # Grid: conversations.list and its like answer enterprise_is_restricted
    missing_methods: frozenset[str] = frozenset()  # answer unknown_method, as a client that moved on would leave them

    # where a page reaches the API, and finds its token
    workspace_api: bool = True  # https://<domain>.slack.com/api/
    gantry_cors: bool = True  # whether `_x_gantry=true` opens it to credentialed requests of app.slack.com
    same_origin_api: bool = True  # https://app.slack.com/api/
    token_key: Literal["localConfig_v2", "localConfig_v3"] = "localConfig_v2"
    token_stored: bool = True  # False: the teams of the stored config are empty, the token lives in memory only
    token_delay_ms: int = 0  # how long the client page boots before it stores its token
    auth_endpoint: bool = True  # https://app.slack.com/auth?…response_type=json answers with tokens
    front_counts_nobody: bool = False  # the front page says that nobody is signed in, whatever the session is
    files_ask_to_sign_in: bool = False  # files.slack.com answers with its sign-in page, whoever asks
    front_tells: bool = True  # whether the front page says how many are signed in at all
