"""The one place that narrows queries to what the caller may see.

Knows: client and municipality of a row. Never does: queries. Standard: architecture §4. Start reading: `narrowed`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, FromClause, Select, Text, any_, bindparam

from gateway.model import Scope

Shape = tuple[bool, bool]


def shape(scope: Scope) -> Shape:
    """Which conditions a scope brings: (by client, by municipality). Statements are compiled once for each shape."""
    return scope.client is not None, scope.municipalities is not None


def narrowed(query: Select[Any], table: FromClause, of: Shape) -> Select[Any]:
    """The query with the conditions of the scope's shape on `table`."""
    conditions: list[ColumnElement[bool]] = []
    if of[0]:
        conditions.append(table.c.client == bindparam("scope_client", type_=Text))
    if of[1]:
        conditions.append(table.c.municipality == any_(bindparam("scope_municipalities", type_=ARRAY(Text))))
    return query.where(*conditions)


def values(scope: Scope) -> dict[str, Any]:
    """The values for those conditions."""
    narrowing: dict[str, Any] = {}
    if scope.client is not None:
        narrowing["scope_client"] = scope.client
    if scope.municipalities is not None:
        narrowing["scope_municipalities"] = sorted(scope.municipalities)
    return narrowing
