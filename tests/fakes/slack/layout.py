"""How the fake's pages look: one quiet frame around a title and a body. Must not know: which page it frames."""

from __future__ import annotations

import html
import json

__all__ = ["NONCE", "document", "escaped", "js_string"]

NONCE = "ZmFrZS1jbGllbnQ"  # one fixed nonce: pages come out the same each time

_STYLE = """
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#1d1c1d;background:#f8f4f0;
     display:grid;place-items:center;min-height:100vh}
main{max-width:28rem;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 8px #0002}
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:8px;background:#4a154b;color:#fff}
"""


def document(title: str, body: str, *, script: str = "") -> str:
    """A whole page. `script` runs under the page's nonce."""
    code = f'<script nonce="{NONCE}">{script}</script>' if script else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main>{code}</body></html>"
    )


def escaped(text: str) -> str:
    return html.escape(text, quote=True)


def js_string(text: str) -> str:
    """A JavaScript string literal that cannot end the script element it stands in."""
    return json.dumps(text).replace("<", "\\u003c")
