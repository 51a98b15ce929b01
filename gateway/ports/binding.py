"""What intake asks of logins: the one that an application names, and who handed off what it corrects.

Knows: the shape of each question. Never does: anything itself; the store answers both.
Standard: architecture §3. Start reading: `LoginReferences`.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from gateway.model import Identity
from gateway.ports.login import Login


class LoginReferences(Protocol):
    """Finds logins by what a portal holds of them; `ports.login.LoginStore` is one."""

    async def by_reference(self, login_ref: bytes) -> Login | None:
        """A login by the SHA-256 of its `login_ref`, whatever became of it."""
        ...


class KeptIdentities(Protocol):
    """Knows whose login an application was handed off with; the store of submissions is one."""

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        """The identity that rests with the application; None where it was handed off without a login."""
        ...
