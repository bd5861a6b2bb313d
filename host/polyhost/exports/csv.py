"""CSV for spreadsheets: UTF-8 with a byte order mark (else Excel guesses another encoding), CRLF, RFC 4180 quoting.

Text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises: a message must not
become a command on the machine of whoever opens it. Numbers are left alone. Who needs text byte for byte takes JSON
Lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from polyhost.exports.base import META, Row, StreamPlan
from polyhost.exports.files import LineWriter
from polyhost.exports.table import Cell, cells

__all__ = ["Csv"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a formula; the last four are their full-width forms."""


class Csv(LineWriter):
    ending = "csv"

    def head(self, stream: StreamPlan) -> bytes:
        return _BYTE_ORDER_MARK + _encoded([[_safe(name) for name in (*META, *stream.columns)]])

    def lines(self, stream: StreamPlan, rows: Sequence[Row]) -> bytes:
        return _encoded([[*map(_safe, row.meta()), *map(_safe, cells(stream, row))] for row in rows])


def _safe(cell: Cell | bool) -> Cell:
    if isinstance(cell, bool):
        return int(cell)
    if isinstance(cell, str):
        text = cell.replace("\0", "\ufffd")  # no spreadsheet reads on behind one
        return f"'{text}" if text.startswith(_FORMULA) else text
    return cell


def _encoded(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
