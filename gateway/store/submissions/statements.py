"""The two writing statements of a submission's life, each one round trip and one transaction.

Knows: how all that goes with a submission is written by one statement (`WITH` … data-modifying queries).
Never does: decide. Standard: PostgreSQL, "Data-Modifying Statements in WITH". Start reading: `CREATE`, `committing`.

Everything hangs on the first query (`fresh`, `moved`): where it yields no row, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    JSON,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.types import TypeEngine

from gateway.store.connection.database import Statement, compiled
from gateway.store.rows import tables as t
from gateway.store.rows.values import FIXED, PLAIN, SHAPED

COLUMNS = (*PLAIN, *SHAPED)
_NOW = bindparam("now", type_=DateTime(timezone=True))


def _given(table: Table, names: Iterable[str]) -> list[Any]:
    """Parameters with their types spelt out, since a NULL alone does not tell that it is one of bytes."""
    return [cast(bindparam(name, type_=table.c[name].type), table.c[name].type).label(name) for name in names]


def _one_row(table: Table, names: Iterable[str], source: CTE, **others: ColumnElement[Any]) -> CTE:
    """Insert one row of given values, and `others` that come from the source or under another name."""
    query = select(*_given(table, names), *others.values()).select_from(source)
    return plain_insert(table).from_select([*names, *others], query).cte(f"to_{table.name}")


def _many_rows(
    table: Table, source: CTE, arrays: dict[str, TypeEngine[Any]], prefix: str, **others: ColumnElement[Any]
) -> CTE:
    """Insert a row for each element of the given arrays, parameters named prefix + column + plural."""
    lists = [bindparam(f"{prefix}_{_plural(name)}", type_=ARRAY(kind)) for name, kind in arrays.items()]
    elements = func.unnest(*lists).table_valued(*arrays, name=f"given_{table.name}").render_derived()
    query = select(*(elements.c[name] for name in arrays), *others.values()).select_from(source.join(elements, true()))
    return plain_insert(table).from_select([*arrays, *others], query).cte(f"to_{table.name}")


def _plural(name: str) -> str:
    return {"body": "bodies", "hash": "hashes"}.get(name, name + "s")


_EVIDENCE: dict[str, TypeEngine[Any]] = {
    "seq": Integer(),
    "kind": Text(),
    "body": JSON(),
    "prev": LargeBinary(),
    "hash": LargeBinary(),
}


def _unused() -> list[ColumnElement[bool]]:
    """Those of the client's uploads that are meant and free to be claimed."""
    return [
        t.uploads.c.client == bindparam("client", type_=Text),
        t.uploads.c.upload == any_(bindparam("uploads", type_=ARRAY(Uuid))),
        t.uploads.c.submission.is_(None),
        t.uploads.c.expires_at > _NOW,
    ]


def _all_at_hand() -> ColumnElement[bool]:
    """Whether every upload can be claimed as it is: none is missing, none lies under another municipality's key."""
    at_hand = (
        select(t.uploads.c.upload)
        .join(t.blobs, t.blobs.c.id == t.uploads.c.blob)
        .join(t.data_keys, t.data_keys.c.id == t.blobs.c.data_key)
        .where(*_unused(), t.data_keys.c.municipality == bindparam("municipality", type_=Text))
        .with_for_update(of=t.uploads)
        .cte("at_hand")
    )
    return select(func.count()).select_from(at_hand).scalar_subquery() == bindparam("wanted", type_=Integer)


def _create(*, at_hand: bool = False) -> Select[Any]:
    """Everything that a 201 promises. `at_hand`: nothing is written unless every upload can be claimed as it is."""
    columns = ["client", "key", "municipality", "digest", "submission", "answer", "created_at"]
    values = select(
        bindparam("client", type_=Text),
        bindparam("idempotency_key", type_=t.idempotency.c.key.type),
        bindparam("municipality", type_=Text),
        bindparam("digest", type_=t.idempotency.c.digest.type),
        bindparam("id", type_=Uuid),
        bindparam("answer", type_=JSONB),
        _NOW,
    )
    key = insert(t.idempotency).from_select(columns, values.where(_all_at_hand()) if at_hand else values)
    fresh = key.on_conflict_do_nothing().returning(t.idempotency.c.submission).cte("fresh")
    who = {"submission": fresh.c.submission}
    whose = {**who, "municipality": bindparam("municipality", type_=Text).label("municipality")}
    claimed = (
        update(t.uploads)
        .values(submission=bindparam("id", type_=Uuid))
        .where(*_unused(), exists(select(fresh.c.submission)))
        .returning(t.uploads.c.blob)
        .cte("claimed")
    )
    owned = (
        update(t.blobs)
        .values(submission=bindparam("id", type_=Uuid), municipality=bindparam("municipality", type_=Text))
        .where(t.blobs.c.id.in_(select(claimed.c.blob)))
        .cte("owned")
    )
    names = [c.name for c in t.submissions.c if c.name != "erased_at"]
    writes = [
        owned,
        _one_row(t.data_keys, ["municipality", "wrapped"], fresh, id=bindparam("data_key", type_=Uuid).label("id")),
        _one_row(t.submissions, names, fresh),
        _one_row(t.submission_secrets, ["record", "document", "namespace", "media_type", "identity"], fresh, **whose),
        _many_rows(
            t.attachments,
            fresh,
            {
                "no": Integer(), "kind": Text(), "filename": LargeBinary(), "media_type": Text(),
                "size": t.attachments.c.size.type, "sha256": Text(), "purpose": Text(), "upload": Uuid(),
                "blob": Uuid(),
            },
            "attachment",
            **whose,
        ),
        _many_rows(t.evidence, fresh, _EVIDENCE, "evidence", **whose, at=_NOW.label("at")),
        _one_row(t.changes, ["municipality", "client", "state"], fresh, **who, at=_NOW.label("at")),
    ]  # fmt: skip
    return select(
        fresh.c.submission,
        select(func.count()).select_from(claimed).scalar_subquery().label("claimed"),
        func.wake_submission(fresh.c.submission, None),
    ).add_cte(*writes)


def _small_blobs(moved: CTE) -> tuple[CTE, CTE]:
    """Insert whole blobs of one frame each: `blob_ids`, `blob_sizes` (of the plain bytes), `blob_datas` (encrypted)."""
    blobs = _many_rows(
        t.blobs,
        moved,
        {"id": Uuid(), "size": t.blobs.c.size.type},
        "blob",
        municipality=moved.c.municipality,
        data_key=moved.c.data_key,
        submission=moved.c.id,
        frames=literal(1, Integer).label("frames"),
        finished=literal(value=True).label("finished"),
        touched_at=_NOW.label("touched_at"),
    )
    frames = _many_rows(
        t.blob_frames, moved, {"blob": Uuid(), "data": LargeBinary()}, "frame", no=literal(0, Integer).label("no")
    )
    return blobs, frames


@cache
def committing(*, evidence: bool, blobs: bool, discard: bool, changed: bool) -> Statement:
    """The commit of a change that brings what is named; what it does not bring is not asked for either."""
    mutable = [*(name for name in COLUMNS if name not in FIXED), "evidence_seq", "evidence_head"]
    moved = (
        update(t.submissions)
        .values({name: bindparam(name, type_=t.submissions.c[name].type) for name in mutable})
        .where(t.submissions.c.id == bindparam("id"), t.submissions.c.version == bindparam("expected"))
        .returning(*(t.submissions.c[name] for name in ("id", "municipality", "client", "state", "data_key")))
        .cte("moved")
    )
    whose = {"submission": moved.c.id, "municipality": moved.c.municipality}
    writes = [
        _many_rows(
            t.journal,
            moved,
            {"step": Text(), "kind": Text(), "detail": JSONB()},
            "journal",
            **whose,
            version=bindparam("version", type_=Integer).label("version"),
            at=_NOW.label("at"),
        )
    ]
    at = _NOW.label("at")
    if evidence:
        writes.append(_many_rows(t.evidence, moved, _EVIDENCE, "evidence", **whose, at=at))
    if changed:
        columns = {"state": Text(), "at": t.changes.c.at.type}
        writes.append(_many_rows(t.changes, moved, columns, "change", **whose, client=moved.c.client))
    if blobs:
        writes += _small_blobs(moved)
    if discard:
        gone = delete(t.blobs).where(t.blobs.c.id == any_(bindparam("discard", type_=ARRAY(Uuid))))
        writes.append(gone.where(t.blobs.c.submission == moved.c.id).cte("discarded"))
    wish = bindparam("wake_at", type_=DateTime(timezone=True))
    waking = case((bindparam("wake", type_=Boolean), func.wake_submission(moved.c.id, wish)), else_=None)
    return compiled(select(moved.c.id, waking).add_cte(*writes), commits="submissions.commit")


def warm_up() -> None:
    """Compile the commits of a submission's usual way, for which the first one would wait."""
    for evidence, blobs, discard, changed in (
        (True, True, False, True),  # sealed
        (True, False, False, True),  # announced, submitted
        (False, False, False, True),  # uploaded
        (True, False, True, True),  # accepted
    ):
        committing(evidence=evidence, blobs=blobs, discard=discard, changed=changed)


CREATE = compiled(_create(), commits="submissions.create")
CREATE_AT_HAND = compiled(_create(at_hand=True), commits="submissions.create")
"""As `CREATE`; `wanted` is the number of uploads."""
