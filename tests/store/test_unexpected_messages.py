"""What is sent and erased unasked: an unexpected exception is a failed try, and one bad row stops no other."""

# ruff: noqa: F811 - fixtures of other files are arguments here

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from click.testing import CliRunner

from gateway import failpoints
from gateway.cli import retention as retention_command
from gateway.errors import CounterpartAway, ErasureFailed
from gateway.errors.recurring import TOLD_AFTER
from gateway.model import State
from gateway.notify.message import webhook_task
from gateway.notify.schedule import DELAYS, GIVEN_UP_AFTER
from gateway.operators.audit import Decision, Interface, Undone, decide
from gateway.outbound.durations import Durations
from gateway.settings.catalogue import CatalogueSection, ReadbackSection
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.erasure.sweep import sweep
from gateway.store.operation.alarms import open_alarms, raise_about_gateway
from gateway.store.proof import roots
from gateway.wiring.runtime import failures as wired
from gateway.worker import catalogue_probes, catalogue_readback, catalogue_statistics, chores, running, stamping
from tests.store.conftest import new_submission
from tests.store.test_alerts import alert_senders, mail, text_of, to_it, told  # noqa: F401 - fixtures
from tests.store.test_retention import PAYLOAD, ended
from tests.store.test_webhooks import receiver, round_, sender, subscribed  # noqa: F401 - fixtures

KINDS = ["ValueError", "KeyError", "MemoryError", "RecursionError", "Unforeseen"]


@pytest.fixture
def failing_at(tmp_path, request):
    point, kind = request.param
    there = tmp_path / f"worker.{point}"
    there.write_text(f"raise {kind}", encoding="ascii")
    failpoints.arm("worker", tmp_path)
    yield there
    failpoints.arm("worker", None)


def at(point: str):
    return pytest.mark.parametrize("failing_at", [(point, kind) for kind in KINDS], indirect=True, ids=KINDS)


async def alarms(store) -> set[tuple[str, str]]:
    return {(row["rule"], row["subject"]) for row in await open_alarms(store.database)}


async def raising() -> None:
    raise ValueError("Müßiggang")


async def log_of(store, hook):
    lines, _ = await store.webhooks.log("portal", hook, None, 100)
    return [(each.state, [one["error"] for one in each.tries]) for each in lines]


@at("before.webhook.message")
async def test_a_webhook_message_that_fails_is_a_failed_try_and_told_later(
    store,
    clock,
    sender,
    receiver,
    failing_at,
):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    await round_(sender)
    assert await log_of(store, hook) == [("waiting", ["internal"])]
    failing_at.unlink()
    clock.advance(seconds=DELAYS[0])
    await round_(sender)
    assert await log_of(store, hook) == [("delivered", ["internal", None])]


async def test_a_webhook_message_that_fails_for_ever_is_given_up(
    store,
    clock,
    sender,
    receiver,
    monkeypatch,
):
    monkeypatch.setattr("gateway.notify.webhooks.webhook.body", lambda _: {}["Müßiggang"])
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    began = clock.now()
    while clock.now() < began + GIVEN_UP_AFTER + timedelta(hours=12):
        await round_(sender)
        clock.advance(hours=6)
    ((state, errors),) = await log_of(store, hook)
    assert (state, set(errors)) == ("failed", {"internal"})


async def test_a_row_that_cannot_be_read_holds_up_no_other_message(
    store,
    clock,
    sender,
    receiver,
    monkeypatch,
):
    hook, _ = await subscribed(store, receiver)
    for no in range(3):
        await store.create(new_submission(f"k-{no}"))
    whole, seen = store.messages._message, []

    async def message(row):
        seen.append(row["id"])
        if row["id"] == seen[0]:
            raise ValueError("Müßiggang")
        return await whole(row)

    monkeypatch.setattr(type(store.messages), "_message", lambda _, row: message(row))
    await round_(sender)
    assert len(receiver.got) == 2
    assert sorted(await log_of(store, hook)) == [("delivered", [None])] * 2 + [("waiting", ["internal"])]


async def test_a_lane_that_fails_rests_is_told_and_goes_on(
    store,
    clock,
    sender,
    receiver,
    monkeypatch,
):
    sender.failures = wired(SimpleNamespace(store=store, clock=clock))
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    tries = []

    async def failing(*_):
        tries.append(clock.now())
        raise KeyError("Müßiggang")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.messages), "follow", failing)
        for _ in range(40):
            await round_(sender)
            clock.advance(seconds=1)
    assert TOLD_AFTER <= len(tries) <= 6, "the gaps grow"
    assert await alarms(store) == {("task_failing", f"webhook {hook}")}
    clock.advance(hours=1)
    await round_(sender)
    assert len(receiver.got) == 1
    assert await alarms(store) == set()


@at("before.steps.mail")
async def test_a_mail_that_fails_is_sent_later(store, clock, alert_senders, mail, failing_at):
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    alert_sender = alert_senders(to_it())
    await told(alert_sender)
    assert mail.got == []
    failing_at.unlink()
    clock.advance(seconds=DELAYS[0])
    await told(alert_sender)
    assert "disk_low" in text_of(mail.got[0][1])


@pytest.mark.parametrize("failing_at", [("before.steps.mail", "ValueError")], indirect=True)
async def test_a_mail_that_fails_for_ever_is_given_up_and_becomes_an_alarm(
    store,
    clock,
    alert_senders,
    mail,
    failing_at,
):
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    alert_sender, began = alert_senders(to_it()), clock.now()
    while clock.now() < began + GIVEN_UP_AFTER + timedelta(hours=12):
        await told(alert_sender)
        clock.advance(hours=6)
    assert failing_at.exists()
    assert ("alarm_not_delivered", "it") in await alarms(store)


async def test_an_alarm_message_that_cannot_be_read_is_given_up_and_holds_up_no_other(
    store,
    clock,
    alert_senders,
    mail,
):
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    bad, good = to_it(key="bad:1", name="bad"), to_it(key="good:1", name="good")
    alert_sender = alert_senders(bad, good)
    for target in (bad, good):
        await alert_sender.queue.compose(target, repeat=None, quiet=timedelta(0))
    async with store.database.connection() as connection:
        await connection.execute("""UPDATE bulletins SET lines = '[{"rule": 1}]' WHERE target = 'bad:1'""")
    await told(alert_sender)
    assert len(mail.got) == 1
    assert ("alarm_not_delivered", "bad") in await alarms(store)
    async with store.database.connection() as connection:
        row = await connection.fetchrow("SELECT state FROM bulletins WHERE target = 'bad:1'")
    assert row["state"] == "failed"


async def test_gathering_that_fails_for_one_recipient_holds_up_no_other(
    store,
    clock,
    alert_senders,
    mail,
    monkeypatch,
):
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    alert_sender = alert_senders(to_it(key="a", name="a"), to_it(key="b", name="b", mail="b@town.example"))
    compose = type(alert_sender.queue).compose

    async def failing(self, target, **how):
        if target.key == "a":
            raise ValueError("Müßiggang")
        return await compose(self, target, **how)

    monkeypatch.setattr(type(alert_sender.queue), "compose", failing)
    await told(alert_sender)
    assert [to for to, _ in mail.got] == ["b@town.example"]


async def test_one_that_cannot_be_erased_holds_up_no_other(store, clock, tmp_path, monkeypatch):
    ids = [(await ended(store, clock, f"k-{no}"))[1].id for no in range(3)]
    clock.advance(days=31)
    add = ErasedList.add

    def failing(self, submission, *others):
        if submission == ids[0]:
            raise ValueError("Müßiggang")
        return add(self, submission, *others)

    monkeypatch.setattr(ErasedList, "add", failing)
    monkeypatch.setattr("gateway.store.erasure.retention.AT_ONCE", 3)
    retention = store.retention(ErasedList(tmp_path / NAME))
    with pytest.raises(ErasureFailed) as refused:
        await retention.run(PAYLOAD)
    assert refused.value.params == {"failed": 1, "erased": 2}
    assert await retention.due(PAYLOAD) == 1
    monkeypatch.setattr(ErasedList, "add", add)
    assert await retention.run(PAYLOAD) == 1


@at("before.retention.erase")
async def test_erasure_that_fails_for_all_ends_and_says_how_many(store, clock, tmp_path, failing_at):
    for no in range(3):
        await ended(store, clock, f"k-{no}")
    clock.advance(days=31)
    retention = store.retention(ErasedList(tmp_path / NAME))
    with pytest.raises(ErasureFailed) as refused:
        await retention.run(PAYLOAD)
    assert refused.value.params == {"failed": 3, "erased": 0}
    failing_at.unlink()
    assert await retention.run(PAYLOAD) == 3


@pytest.mark.parametrize(("error", "asked"), [(ValueError("Müßiggang"), [1, 2, 3]), (CounterpartAway(host="h"), [1])])
async def test_a_root_that_cannot_be_stamped_holds_up_no_other_unless_the_authority_is_away(
    monkeypatch, clock, error, asked
):
    seen = []

    async def unstamped(*_):
        return [(no, f"token-{no}") for no in (1, 2, 3)]

    async def failing(*_, no, **__):
        seen.append(no)
        if no == 1:
            raise error

    monkeypatch.setattr(roots, "unstamped", unstamped)
    monkeypatch.setattr(stamping, "_stamp", failing)
    with pytest.raises(type(error)):
        await stamping.stamp_roots(None, None, "https://tsa.example", clock.now(), bytes)
    assert seen == asked


async def test_every_task_of_a_worker_goes_on_and_is_told_whatever_it_raises(store, clock, monkeypatch):
    async def a_few_times(failures, task, work, _every_s):
        for _ in range(TOLD_AFTER):
            await failures.attempt(task, work)

    class Raising:
        def __getattr__(self, name):
            raise ValueError("Müßiggang")

    @asynccontextmanager
    async def prober(_):
        yield Raising()

    @asynccontextmanager
    async def sender(*_):
        yield SimpleNamespace(run=lambda: asyncio.sleep(0))

    for module in (chores, catalogue_probes, catalogue_readback, catalogue_statistics):
        monkeypatch.setattr(module, "repeat", a_few_times)
    monkeypatch.setattr(chores, "SWEEP_EVERY_S", 0)
    monkeypatch.setattr(catalogue_probes, "FIRST_S", 0)
    monkeypatch.setattr(catalogue_statistics, "FIRST_S", 0)
    monkeypatch.setattr(catalogue_statistics, "open_statistics_sender", sender)
    monkeypatch.setattr(catalogue_probes, "open_prober", prober)
    monkeypatch.setattr(catalogue_readback, "open_read_back", prober)
    runtime = SimpleNamespace(
        store=SimpleNamespace(database=Raising()),
        clock=clock,
        keys=SimpleNamespace(token=Raising()),
        municipalities=Raising(),
        retention=Raising(),
        slots=Raising(),
        guard=Raising(),
        periods=[PAYLOAD],
        limits=(),
        files=[
            SimpleNamespace(
                slug="town",
                ars="150900546546",
                fitconnect=SimpleNamespace(environment="test"),
                identity=SimpleNamespace(providers={"bundid": Raising()}),
            )
        ],
        durations=Durations(),
        delivery=SimpleNamespace(bounds={"d": 1}),
        settings=SimpleNamespace(
            evidence=SimpleNamespace(timestamp_url="https://tsa.example"),
            catalogue=CatalogueSection(readback=ReadbackSection(pvog="https://pvog.example")),
            fitconnect=SimpleNamespace(environments={}),
            outbound=SimpleNamespace(proxy=None, no_proxy=(), ca_bundle=None, allow_private=()),
        ),
    )
    counted = wired(SimpleNamespace(store=store, clock=clock))
    for task in chores.chores(runtime, Raising(), counted):
        await task
    names = {subject for rule, subject in await alarms(store) if rule == "task_failing"}
    assert names == {
        *("take_over", "orphans", "sweep", "old_jobs", "erasure", "deadlines"),
        *("evidence_roots", "evidence", "time_stamps", "turns", "exchanges", "login_outcomes", "catalogue_report"),
        *("catalogue_entries", "catalogue_export", "catalogue_readback"),
        *("identity_provider town/bundid", "probes", "probes_prune"),
        "transactions_count",
    }
    for name in names:
        await counted.attempt(name, lambda: store.database.rows(roots._UNSTAMPED, since=clock.now()))
    assert await alarms(store) == set()


async def test_a_period_that_fails_holds_up_no_other_period(clock):
    done = []

    async def run(period):
        done.append(period.days)
        if period.days == 1:
            raise KeyError("Müßiggang")
        return 0

    periods = [replace(PAYLOAD, days=days) for days in (1, 2, 3)]
    runtime = SimpleNamespace(retention=SimpleNamespace(run=run), periods=periods)
    with pytest.raises(KeyError):
        await chores._erase(runtime)
    assert done == [1, 2, 3]


async def test_what_is_given_up_by_a_job_is_set_aside(store, clock):
    new = new_submission(str(uuid4()))
    await store.create(new)
    await running._give_up(SimpleNamespace(store=store, clock=clock), str(new.submission.id), "KeyError")
    assert (await store.load(new.submission.id)).state is State.HELD
    await running._give_up(SimpleNamespace(store=store, clock=clock), str(new.submission.id), "KeyError")


async def test_the_alarm_of_a_removed_webhook_is_over(store, clock, receiver):
    hook, _ = await subscribed(store, receiver)
    counted = wired(SimpleNamespace(store=store, clock=clock))
    for _ in range(TOLD_AFTER):
        await counted.attempt(webhook_task(hook), raising)
    assert await alarms(store) == {("task_failing", f"webhook {hook}")}
    await store.webhooks.remove("portal", hook)
    assert await alarms(store) == set()


async def test_a_sweep_that_fails_holds_up_no_other_sweep(store, clock, monkeypatch):
    seen = []
    run = type(store.database).run

    async def failing(self, statement, **values):
        seen.append(statement.commits)
        if statement.commits in {"sweep.login_identities", "sweep.tus"}:
            raise ValueError("Müßiggang")
        return await run(self, statement, **values)

    monkeypatch.setattr(type(store.database), "run", failing)
    with pytest.raises(ValueError, match="Müßiggang"):
        await sweep(store.database, clock.now())
    assert seen == [
        "sweep.login_identities", "sweep.logins_under_way", "sweep.logins_done", "sweep.login_requests",
        "sweep.login_answers", "sweep.login_sessions", "sweep.login_tokens", "sweep.login_codes", "sweep.logins",
        "sweep.login_outcomes",
        "sweep.tus", "sweep.spent_assertions", "sweep.client_allowances",
    ]  # fmt: skip


async def test_a_row_that_cannot_be_read_is_named_when_what_is_held_is_resumed(store, clock):
    async def load(_):
        return await raising()

    done = await decide(SimpleNamespace(load=load), clock, uuid4(), Decision.RESUME, Interface.COMMAND_LINE)
    assert done == Undone.UNREADABLE


def test_the_command_erases_every_period_before_it_says_that_one_failed(monkeypatch):
    async def run(period):
        if period.days == 1:
            raise ErasureFailed(failed=1, erased=4)
        return 7

    runtime = SimpleNamespace(
        retention=SimpleNamespace(run=run), periods=[replace(PAYLOAD, days=days) for days in (1, 2)]
    )
    monkeypatch.setattr(retention_command, "with_runtime", lambda _, main, **__: asyncio.run(main(runtime, None)))
    done = CliRunner().invoke(retention_command.run_, ["--json"])
    assert [json.loads(line)["erased"] for line in done.stdout.splitlines() if line.startswith("{")][:2] == [4, 7]
    assert done.exit_code != 0
