"""Answers a connector's question at the terminal: credentials, a one-time code, something to do by hand.

Owns: the prompts. Must not know: who asks or why. An answer is handed on and kept nowhere: not in the history of the
terminal (hidden while typed), not in a variable that outlives the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from polyhost.engine.events import OwnerAsked

__all__ = ["ask_owner"]


async def ask_owner(asked: OwnerAsked) -> tuple[str, Any]:
    """(success, data), or (cancelled, None) where the owner presses Ctrl-C or Ctrl-D at the prompt."""
    return await asyncio.to_thread(_ask, asked)


def _ask(asked: OwnerAsked) -> tuple[str, Any]:
    click.echo(f"\nThe connector asks: {_printable(asked.message)}", err=True)
    try:
        if asked.kind == "manual_action":
            click.prompt("Press Enter when that is done", default="", show_default=False, err=True)
            return "success", {}
        return "success", {name: _one(name, rule) for name, rule in _fields(asked).items()}
    except (click.Abort, EOFError):
        return "cancelled", None


def _fields(asked: OwnerAsked) -> Mapping[str, Any]:
    """What the schema asks for; without one, a code or a user name and a password."""
    declared = (asked.schema or {}).get("properties")
    if isinstance(declared, dict) and declared:
        return declared
    return {"code": {}} if asked.kind == "otp" else {"username": {}, "password": {"format": "password"}}


def _one(name: str, rule: Any) -> str:
    wanted: Mapping[str, Any] = rule if isinstance(rule, dict) else {}
    hidden = wanted.get("format") == "password" or wanted.get("writeOnly") is True
    return click.prompt(_printable(str(wanted.get("title") or name)), hide_input=hidden, err=True)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
