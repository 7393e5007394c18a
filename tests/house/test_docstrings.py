"""Every model says in one line what a row of it is."""

from collections.abc import Iterable

from django.db import models

from tests.house.test_foreign_keys import our_models, planted


def silent(found: Iterable[type[models.Model]]) -> list[str]:
    """Models without a docstring; Django writes a list of the fields in its place."""
    return [
        model._meta.label
        for model in found
        if not model._meta.auto_created
        and (model.__doc__ or f"{model.__name__}(").startswith(f"{model.__name__}(")
    ]


def test_every_model_says_what_its_rows_are():
    assert silent(our_models()) == []


def test_a_silent_model_is_found():
    telling = planted("people", "Telling", __doc__="One person's word.")
    assert silent([planted("people", "Silent"), telling]) == ["people.Silent"]
