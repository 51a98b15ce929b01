"""The root of the tree of errors.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `GatewayError`.
"""

from __future__ import annotations

from typing import ClassVar

from gateway.model import Blame, Finding


class GatewayError(Exception):
    """Root of the tree.

    `params` fill the sentences `de` and `en` and must hold no personal data. `findings` are all faults at once.
    `retry_after` is in seconds, as a counterpart or a limit asked for.
    """

    code: ClassVar[str] = "gateway"
    blame: ClassVar[Blame] = Blame.GATEWAY
    retry: ClassVar[bool] = False
    status: ClassVar[int] = 500
    titles: ClassVar[tuple[str, str] | None] = None
    """German and English title, where the first sentence without its parameters would be none."""
    de: ClassVar[str] = "Im Gateway ist ein Fehler aufgetreten; er ist protokolliert."
    en: ClassVar[str] = "The gateway failed; the failure is logged."

    def __init__(
        self, *, findings: tuple[Finding, ...] = (), retry_after: float | None = None, **params: object
    ) -> None:
        self.findings = findings
        self.retry_after = retry_after
        self.params = params
        super().__init__(f"{self.code}: {self.sentence('en')}")

    def sentence(self, language: str) -> str:
        """The sentence in `de` or `en`, with the parameters filled in; a missing one shows as `?`."""
        template = self.de if language == "de" else self.en
        return template.format_map(_Blanks(self.params))


class _Blanks(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"
