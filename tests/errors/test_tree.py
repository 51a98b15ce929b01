"""The room gives out errors and nothing that its modules merely use."""

from __future__ import annotations

import inspect

from gateway import errors


def test_a_class_among_the_errors_is_an_error():
    classes = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    others = {name for name, value in classes.items() if not issubclass(value, errors.GatewayError)}
    assert others == {"Iterator"}, "what `every_error` says that it gives"


def test_the_tree_in_the_docstring_names_every_error():
    assert errors.__doc__ is not None
    assert [each.__name__ for each in errors.every_error() if each.__name__ not in errors.__doc__] == []
