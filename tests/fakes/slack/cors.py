"""Which cross-origin headers an answer carries. Pure.

The workspace host answers `*`, which a browser refuses for credentialed requests; only with `_x_gantry=true` in the
query does it name the client's origin. Preflights never allow a header, so Authorization cannot be sent at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from fakes.slack.behaviour import Behaviour

__all__ = ["CLIENT_ORIGIN", "api_headers"]

CLIENT_ORIGIN = "https://app.slack.com"
EXPOSED = "x-slack-req-id, retry-after"


def api_headers(behaviour: Behaviour, *, origin: str | None, query: Mapping[str, str]) -> dict[str, str]:
    """Headers of an API answer, preflight or not."""
    if behaviour.gantry_cors and query.get("_x_gantry") == "true" and origin == CLIENT_ORIGIN:
        return {
            "Access-Control-Allow-Origin": CLIENT_ORIGIN,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }
    return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
