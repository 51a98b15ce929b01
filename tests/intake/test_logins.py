"""The login that a portal names: for whom it counts, what a service asks of it, and what is kept of it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from gateway.errors import AccountNotAllowed, AssuranceTooLow, GatewayError, LoginUnusable, RecordInvalid
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.intake.logins import Binding
from gateway.intake.withdrawal import correct
from gateway.model import Identity, Level, Severity
from gateway.ports.store import NewSubmission, TakenLogin, View
from gateway.services.loader import Services
from gateway.store.memory import MemoryStore
from tests.intake.test_create import ARS, CLOCK, NOW, PLAN, PORTAL, taking_in
from tests.logins import ACCOUNT, LOGIN_REF, Logins, citizen, company, login
from tests.shipped_services import own_services
from tests.stores import everything, sent_ahead

SERVICE = "grundstueckskauf"


class Handed(MemoryStore):
    """Remembers the logins that it was asked to take."""

    def __init__(self, logins: Logins) -> None:
        super().__init__(CLOCK, uuid4)
        self.logins = logins
        self.taken: list[TakenLogin | None] = []
        self.taken_meanwhile = False

    async def create(self, new: NewSubmission) -> View:
        if self.taken_meanwhile:
            raise LoginUnusable
        made = await super().create(replace(new, login=None))
        self.taken.append(new.login)
        self.logins.use_up(new)
        return made


@pytest.fixture(scope="module")
def services() -> Any:
    return own_services()


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def body(services: Any, store: Handed) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(services.get(SERVICE).example(ARS))
    for attachment in found["attachments"]:
        attachment["upload"] = str(sent_ahead(store, PLAN))
    return found


@pytest.fixture
def store(logins: Logins) -> Handed:
    return Handed(logins)


@pytest.fixture
def intake(services: Any, store: Handed, logins: Logins) -> Intake:
    return replace(taking_in(services, store), binding=Binding(logins, logins))


def asking(intake: Intake, *, assurance: str = "none", accounts: tuple[str, ...] = ()) -> Intake:
    """The same where the service asks for that."""
    service = intake.services.get(SERVICE)
    definition = replace(service.definition, assurance=assurance, accounts=accounts)
    return replace(intake, services=Services({SERVICE: replace(service, definition=definition)}))


def handed(intake: Intake) -> list[TakenLogin | None]:
    """What the store was asked to take, in order."""
    assert isinstance(intake.store, Handed)
    return intake.store.taken


def naming(body: dict[str, Any], **more: Any) -> Application:
    return Application.of({**body, **more})


def at_the_login(error: GatewayError) -> list[str]:
    """The rules told there; no other finding stopped the application."""
    errors = [one for one in error.findings if one.severity is Severity.ERROR]
    assert {one.pointer for one in errors} == {"/login"}
    return [one.rule for one in errors]


async def test_an_application_takes_the_identity_and_evidence_names_nobody(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    named = logins.put(login())
    view = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert store.taken == [TakenLogin(named.id, citizen())]
    (entry,) = [link for link in await store.evidence_of(view.submission.id) if link.kind == "login"]
    assert json.loads(entry.body) == {
        "provider": "bundid",
        "issuer": "https://idp.example/idp",
        "level": "substantial",
        "at": "2026-11-26T06:50:00.000Z",
    }
    whole = "".join(link.body for link in await store.evidence_of(view.submission.id))
    assert ACCOUNT not in whole
    assert LOGIN_REF not in whole


async def test_who_names_no_login_asks_nobody_anything(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    await intake.validate(PORTAL, naming(body))
    view = await intake.create(PORTAL, naming(body, login=None), "key")
    assert (logins.asked, store.taken) == (0, [None])
    assert [link.kind for link in await store.evidence_of(view.submission.id)] == ["received", "validated"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"owner": "another"},
        {"municipality": "150900550550"},
        {"issuer": "https://other.example"},
        {"expires_at": NOW},
        {"expires_at": NOW - timedelta(days=1), "identity": None},
        {"identity": None},
        {"submission": uuid4()},
        {"login_ref": b"another"},
    ],
)
async def test_a_login_of_somebody_else_or_another_time_is_refused_alike(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any], foreign: dict[str, Any]
) -> None:
    logins.put(login(**foreign))
    with pytest.raises(LoginUnusable) as refused:
        await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    with pytest.raises(LoginUnusable) as unknown:  # and no login has such a name
        await intake.create(PORTAL, naming(body, login="x"), "another")
    assert refused.value.findings == unknown.value.findings
    assert at_the_login(refused.value) == ["login_unusable"]
    assert everything(store) == ()


@pytest.mark.parametrize("wrong", ["", "x", "x" * 44, "x" * 42 + "=", "x" * 42 + "\n", "ß" * 43, "\ud800" * 43])
async def test_what_is_no_login_ref_is_asked_of_nobody(
    intake: Intake, logins: Logins, body: dict[str, Any], wrong: str
) -> None:
    application = replace(naming(body), login=wrong)
    assert "login_unusable" in {one.rule for one in await intake.validate(PORTAL, application)}
    assert logins.asked == 0


async def test_the_login_of_an_app_is_handed_off_by_its_portal(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    named = logins.put(login(client="app"))
    await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert store.taken == [TakenLogin(named.id, citizen())]


async def test_a_login_is_for_one_application_and_a_repeat_is_answered_as_before(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    logins.put(login())
    first = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    again = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert again.submission.id == first.submission.id
    with pytest.raises(RecordInvalid) as refused:  # its files are taken as well
        await intake.create(PORTAL, naming(body, login=LOGIN_REF, attachments=[]), "another")
    assert "login_unusable" in {one.rule for one in refused.value.findings}
    assert len(store.taken) == 1


async def test_a_call_that_was_overtaken_by_its_own_repeat_is_answered_as_that(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    logins.put(login())
    application, known = naming(body, login=LOGIN_REF), store.known

    async def overtaken(client: str, key: str, digest: bytes) -> View | None:
        store.known = known  # type: ignore[method-assign]
        assert await known(client, key, digest) is None
        await intake.create(PORTAL, application, key)
        return None

    store.known = overtaken  # type: ignore[method-assign]
    view = await intake.create(PORTAL, application, "key")
    assert [one.submission.id for one in everything(store)] == [view.submission.id]


async def test_of_two_applications_with_one_login_the_later_is_refused_like_any_other(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    logins.put(login())
    store.taken_meanwhile = True
    with pytest.raises(LoginUnusable) as refused:
        await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    told = await intake.validate(PORTAL, naming(body, login="y" * 43))
    assert refused.value.findings == tuple(one for one in told if one.pointer == "/login")


async def test_a_validation_tells_the_same_and_uses_nothing_up(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    logins.put(login())
    for _ in range(2):
        assert not {one.pointer for one in await intake.validate(PORTAL, naming(body, login=LOGIN_REF))} & {"/login"}
    told = await intake.validate(PORTAL, naming(body, login="y" * 43))
    assert [one.rule for one in told if one.pointer == "/login"] == ["login_unusable"]
    await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert len(store.taken) == 1


@pytest.mark.parametrize(
    ("needed", "given"),
    [
        (("basic", "https://t.example/acr/basic"), None),
        (("substantial", "http://eidas.europa.eu/LoA/substantial"), None),
        (("substantial", "http://eidas.europa.eu/LoA/substantial"), Level.BASIC),
        (("substantial", "http://eidas.europa.eu/LoA/substantial"), Level.LOW),
        (("high", "http://eidas.europa.eu/LoA/high"), Level.SUBSTANTIAL),
    ],
)
async def test_less_than_the_service_needs_is_refused_with_the_way_out(
    intake: Intake, logins: Logins, body: dict[str, Any], needed: tuple[str, str], given: Level | None
) -> None:
    assurance, acr = needed
    intake = asking(intake, assurance=assurance)
    if given:
        logins.put(login(citizen(given)))
    application = naming(body, login=LOGIN_REF if given else None)
    with pytest.raises(AssuranceTooLow) as refused:
        await intake.create(PORTAL, application, "key")
    (finding,) = [one for one in refused.value.findings if one.pointer == "/login"]
    assert (finding.rule, refused.value.status) == ("assurance_too_low", 422)
    for sentence in (finding.de, finding.en, refused.value.sentence("de"), refused.value.sentence("en")):
        assert f"acr_values={acr}" in sentence
        assert "?" not in sentence
    assert finding in await intake.validate(PORTAL, application)


@pytest.mark.parametrize(
    ("assurance", "given"), [("basic", Level.BASIC), ("basic", Level.LOW), ("high", Level.HIGH), ("none", Level.BASIC)]
)
async def test_enough_is_taken(
    intake: Intake, logins: Logins, body: dict[str, Any], assurance: str, given: Level
) -> None:
    named = logins.put(login(citizen(given)))
    await asking(intake, assurance=assurance).create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert handed(intake) == [TakenLogin(named.id, citizen(given))]


@pytest.mark.parametrize(
    ("accounts", "who"),
    [
        (("organisation",), citizen()),
        (("organisation",), company()),
        (("person",), company()),
        (("person",), citizen()),
        (("person", "organisation"), company()),
        ((), company()),
    ],
)
async def test_accounts_of_the_wrong_kind_are_refused(
    intake: Intake, logins: Logins, body: dict[str, Any], accounts: tuple[str, ...], who: Identity
) -> None:
    intake = asking(intake, accounts=accounts)
    logins.put(login(who))
    if not accounts or ("person" if who.person else "organisation") in accounts:
        await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
        return
    with pytest.raises(AccountNotAllowed) as refused:
        await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    assert at_the_login(refused.value) == ["account_not_allowed"]


async def test_everything_that_is_wrong_is_told_at_once(intake: Intake, logins: Logins, body: dict[str, Any]) -> None:
    logins.put(login(citizen(Level.BASIC)))
    body["record"]["parcels"].append(dict(body["record"]["parcels"][0]))
    with pytest.raises(RecordInvalid) as refused:
        await asking(intake, assurance="high", accounts=("organisation",)).create(
            PORTAL, naming(body, login=LOGIN_REF), "key"
        )
    assert {"assurance_too_low", "account_not_allowed"} < {one.rule for one in refused.value.findings}
    assert any(one.pointer.startswith("/record/") for one in refused.value.findings)


async def test_where_nobody_can_log_in_no_login_counts(intake: Intake, body: dict[str, Any]) -> None:
    intake = replace(intake, binding=None)
    with pytest.raises(LoginUnusable):
        await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    with pytest.raises(AssuranceTooLow):
        await asking(intake, assurance="basic").create(PORTAL, naming(body), "another")


def corrected(body: dict[str, Any], **more: Any) -> Application:
    """Another content for the same files."""
    return naming({**body, "reference": "corrected"}, **more)


async def test_a_correction_keeps_the_login_of_its_original(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    intake = asking(intake, assurance="substantial")
    logins.put(login())
    old = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    new = await correct(intake, PORTAL, old, corrected(body), "another")
    assert store.taken[-1] == TakenLogin(None, citizen())
    assert "login" in {link.kind for link in await store.evidence_of(new.submission.id)}
    newest = await correct(intake, PORTAL, new, corrected(body, test=False), "third")
    assert store.taken[-1] == TakenLogin(None, citizen())
    assert newest.supersedes == new.submission.id


async def test_the_used_login_of_the_original_is_refused_and_a_new_one_of_the_person_taken(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    logins.put(login())
    old = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    with pytest.raises(LoginUnusable):
        await correct(intake, PORTAL, old, corrected(body, login=LOGIN_REF), "another")
    again = logins.put(login(citizen(Level.HIGH)))
    await correct(intake, PORTAL, old, corrected(body, login=LOGIN_REF), "third")
    assert store.taken[-1] == TakenLogin(again.id, citizen(Level.HIGH))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (citizen(), citizen(account="somebody else")),
        (citizen(), citizen(issuer="https://another.example/idp")),
        (citizen(), citizen(account=None)),
        (citizen(account=None), citizen(account=None)),
        (citizen(account=None), citizen()),
    ],
)
async def test_another_person_corrects_nothing(
    intake: Intake, logins: Logins, body: dict[str, Any], first: Identity, second: Identity
) -> None:
    logins.put(login(first))
    old = await intake.create(PORTAL, naming(body, login=LOGIN_REF), "key")
    logins.put(login(second))
    with pytest.raises(LoginUnusable):
        await correct(intake, PORTAL, old, corrected(body, login=LOGIN_REF), "another")
    assert len(handed(intake)) == 1


async def test_an_application_without_a_login_may_get_one_by_its_correction(
    intake: Intake, store: Handed, logins: Logins, body: dict[str, Any]
) -> None:
    old = await intake.create(PORTAL, naming(body), "key")
    named = logins.put(login())
    await correct(intake, PORTAL, old, corrected(body, login=LOGIN_REF), "another")
    assert store.taken == [None, TakenLogin(named.id, citizen())]


async def test_a_login_of_the_wrong_type_is_told_at_its_place(intake: Intake, body: dict[str, Any]) -> None:
    told = await intake.validate(PORTAL, naming(body, login=7))
    assert [(one.pointer, one.rule) for one in told if one.pointer == "/login"] == [("/login", "type")]
