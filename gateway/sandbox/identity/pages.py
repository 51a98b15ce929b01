"""The pages of both identity providers: choose an account, carry the answer, read why a request was refused.

Knows: templates, languages, headers. Never does: decide anything; run a script. Standard: HTML, WCAG 2.2.
Start reading: `choose`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from gateway.sandbox.identity import accounts, names, refusals
from gateway.sandbox.identity.accounts import OrganisationAccount, PersonAccount
from gateway.sandbox.identity.authn_request import AskedLogin
from gateway.sandbox.identity.profiles import ShapedProvider
from gateway.sandbox.identity.sentences import SENTENCES

LANGUAGES: Final = ("de", "en")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
_TEMPLATES: Final = Environment(
    loader=PackageLoader("gateway.sandbox.identity"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HIDING: Final = names.KEYS_OF_AN_ACCOUNT


def choose(  # noqa: PLR0913 - what the page shows
    asked: AskedLogin,
    handle: str,
    language: str,
    *,
    chosen: str | None = None,
    level: str | None = None,
    fault: str | None = None,
) -> HTMLResponse:
    """The page to choose an account and a level; with `fault` again, 422."""
    levels = [(word, number) for word, number in names.LEVELS.items() if number >= asked.level]
    offered = _offered(asked)
    values = {
        "handle": handle,
        "action": f"{asked.profile.entity_path}/login",
        "display_name": asked.extension.display_name or asked.provider.host,
        "accounts": offered,
        "levels": levels,
        "chosen": chosen or offered[0].id,
        "level": level or levels[0][0],
        "fault": fault,
        "back_url": _link(asked.extension.back_url),
        "other": LANGUAGES[1 - LANGUAGES.index(language)],
    }
    return _page("choose", asked.profile, language, 422 if fault else 200, **values)


def answer(asked: AskedLogin, response: str, language: str) -> HTMLResponse:
    """The form that carries the answer to the service provider."""
    values = {
        "answer_to": asked.answer_to,
        "saml_response": base64.b64encode(b'<?xml version="1.0" encoding="UTF-8"?>' + response.encode()).decode(),
        "relay_state": asked.relay_state,
    }
    return _page("answer", asked.profile, language, 200, **values)


def refused(profile: ShapedProvider, code: str, language: str, status: int = 400) -> HTMLResponse:
    """The page that names the rule that a request broke."""
    sentence = refusals.CODES[code][LANGUAGES.index(language)]
    return _page("refused", profile, language, status, code=code, sentence=sentence)


def language_of(asked: AskedLogin | None, wished: str | None, accepted: str = "") -> str:
    """The language of a page: what was clicked, what the request says, what the browser prefers, German."""
    if wished in LANGUAGES:
        return wished
    if asked is not None and asked.profile.extension:
        return "de" if asked.extension.language == "de" else "en"
    return "en" if accepted.strip().lower().startswith("en") else "de"


def _offered(asked: AskedLogin) -> Sequence[PersonAccount | OrganisationAccount]:
    """The accounts; a guest only where nothing is asked for that a guest does not have."""
    if not asked.profile.extension:
        return list(accounts.organisations().values())
    hidden = any(oid in _HIDING for oid, _ in asked.extension.attributes)
    return [account for account in accounts.persons().values() if not (account.guest and hidden)]


def _link(address: str | None) -> str | None:
    try:
        return address if address and urlsplit(address).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _page(name: str, profile: ShapedProvider, language: str, status: int, **values: object) -> HTMLResponse:
    say = partial(_say, LANGUAGES.index(language))
    text = _TEMPLATES.get_template(f"{name}.html").render(say=say, language=language, provider=profile.title, **values)
    return HTMLResponse(text, status, _HEADERS)


def _say(index: int, key: str) -> str:
    return SENTENCES[key][index]
