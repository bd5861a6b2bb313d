"""The API methods, one module per family; importing this package fills the registry."""

from fakes.slack.methods import auth, boot, conversations, history, people, search, things, threads
from fakes.slack.methods.params import Params, SlackError
from fakes.slack.methods.registry import REGISTRY, Call, Method

__all__ = [
    "REGISTRY",
    "Call",
    "Method",
    "Params",
    "SlackError",
    "auth",
    "boot",
    "conversations",
    "history",
    "people",
    "search",
    "things",
    "threads",
]
