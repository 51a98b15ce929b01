"""What a login tells the browser next: values that `web/login` turns into pages, redirects and cookies.

Knows: the shape of each step. Never does: HTTP, HTML, sentences. Standard: OpenID Connect Core §3.1.2.
Start reading: `Step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.ports.identity import ProviderStep


class PageKind(StrEnum):
    """The pages that end a login without a code; each has its sentences in the catalogue of languages."""

    BAD_REQUEST = "bad_request"  # client or redirect_uri unknown: there is no way back
    CANCELLED = "cancelled"
    ATTRIBUTES_MISSING = "attributes_missing"
    LEVEL_TOO_LOW = "level_too_low"
    FAILED = "failed"
    EXPIRED = "expired"  # or done already, or begun in another browser
    DONE = "done"  # already, and in this very browser
    TOO_MANY = "too_many"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class BrowserCookies:
    """What the browser brought: the cookie that logins under way are bound to, and that of its sessions."""

    login: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SetCookies:
    """What the browser is given; None leaves a cookie alone, an empty text takes it away."""

    login: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """303 to an address of ours or a registered one of the portal."""

    location: str = field(repr=False)
    cookies: SetCookies = field(default_factory=SetCookies)


@dataclass(frozen=True, slots=True)
class PostToPortal:
    """`response_mode=form_post`: the fields are posted to the portal's registered address."""

    address: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    cookies: SetCookies = field(default_factory=SetCookies)
    language: str = ""


@dataclass(frozen=True, slots=True)
class GoToProvider:
    """The browser goes to the identity provider, by a form with a button (it names `display_name`) or by a redirect."""

    provider: str
    step: ProviderStep
    language: str
    cookies: SetCookies = field(default_factory=SetCookies)
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to sign in that the chooser shows; `address` is a link of ours. `audience`: `person` or `organisation`."""

    provider: str
    display_name: str
    audience: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choose:
    """The chooser page. `way_back` leads to the portal with `error=access_denied`."""

    municipality: str
    offers: tuple[Offer, ...]
    way_back: str = field(repr=False)
    language: str
    cookies: SetCookies = field(default_factory=SetCookies)


@dataclass(frozen=True, slots=True)
class Show:
    """A page that ends here. `number` is what the help desk asks for and the log holds beside the reason, if any.

    `way_back` is a registered address of the portal with its error answer, the portal's site where the login is done,
    or None where nothing sound is known.
    """

    kind: PageKind
    number: str
    language: str
    way_back: str | None = field(default=None, repr=False)
    status: int = 400
    cookies: SetCookies = field(default_factory=SetCookies)


@dataclass(frozen=True, slots=True)
class AskToSignOut:
    """A page that asks whether to sign out: no portal proved that it is meant. `address`: the link that says yes.

    A link, since browsers hold a form's policy against the redirect to the portal that follows.
    """

    address: str = field(repr=False)
    language: str
    cookies: SetCookies = field(default_factory=SetCookies)


Step = Redirect | PostToPortal | GoToProvider | Choose | AskToSignOut | Show
