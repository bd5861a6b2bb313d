"""Who is signed in at the server of this process, as operations ask for it.

Must not know: how anybody signs in.
"""

from __future__ import annotations

from dataclasses import dataclass

from polyhost.api.gate import Gate
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.sign_ins import SignedOut, SignInList, SignInsKept

__all__ = ["SignInsHere"]


@dataclass(frozen=True, slots=True)
class SignInsHere(SignInsKept):
    """Those of one gate."""

    gate: Gate

    async def listed(self) -> SignInList:
        return SignInList(sign_ins=self.gate.sign_ins.listed())

    async def end(self, sign_in: str) -> SignedOut:
        if not self.gate.sign_ins.end(sign_in):
            raise RefusedError(
                f"no browser is signed in as {sign_in!r}",
                "See: polyhost sign-ins list",
                code=ErrorCode.UNKNOWN_SIGN_IN,
            )
        return SignedOut(ended=1)

    async def end_all(self) -> SignedOut:
        return SignedOut(ended=self.gate.sign_out_everywhere())
