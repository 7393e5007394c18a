"""Foreign keys point down and leave nothing behind; merging and erasing are declared."""

import ast
from collections.abc import Iterable
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from tandem.kernel.refs import OnErase, OnMerge, SubjectKey, SubjectRefs
from tests.house.sources import FLOORS, Source, product

# Records that are merged and erased; what points to them says what becomes of it.
SUBJECTS = frozenset({"people.person", "people.company"})
# Change sets and their history speak of users and of what was; erasing reads them by itself.
KEEPS_HISTORY = frozenset({"kernel"})
# Foreign keys to Django's and its plugins' tables, which stand below every room.
BELOW = -1


def room_of(model: type[models.Model]) -> str:
    words = model.__module__.split(".")
    return words[1] if words[0] == "tandem" else ""


def level(room: str) -> int:
    return FLOORS.index(room) if room in FLOORS else BELOW


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if room_of(model)]


def crooked_keys(found: Iterable[type[models.Model]]) -> list[str]:
    """Foreign keys that point up, sideways, or give the lower room an accessor to the upper."""
    return [
        f"{model._meta.label}.{field.name} -> {other._meta.label}: {fault}"
        for model in found
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
        if isinstance(other := field.related_model, type)
        and (fault := _fault_of_key(room_of(model), room_of(other), field))
    ]


def _fault_of_key(here: str, there: str, field: Any) -> str:
    if here == there:
        return ""
    if level(there) >= level(here):
        return "points up or sideways, take a RecordRef"
    if not field.remote_field.hidden:
        return 'needs related_name="+"'
    return ""


def undeclared_subjects(found: Iterable[type[models.Model]]) -> list[str]:
    """Pointers to a person or company that do not say what merging and erasing do to the row."""
    wrong = []
    for model in found:
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            other = field.related_model
            if isinstance(other, type) and other._meta.label_lower in SUBJECTS:
                declared = isinstance(field, SubjectKey) or field.name == "merged_into"
                if not declared:
                    wrong.append(f"{model._meta.label}.{field.name} must be a SubjectKey")
            elif field.name in {"person_id", "company_id"}:
                wrong.append(f"{model._meta.label}.{field.name} must be a SubjectKey")
        declared_refs = set(_declared_refs(model))
        wrong += [
            f"{model._meta.label}: {kind} and {id_} need SubjectRefs"
            for kind, id_ in _ref_columns(model)
            if (kind, id_) not in declared_refs and room_of(model) not in KEEPS_HISTORY
        ]
    return wrong


def _ref_columns(model: type[models.Model]) -> list[tuple[str, str]]:
    """Pairs of columns that point to a record of any kind: ``subject_kind``, ``subject_id``."""
    names = {field.name for field in model._meta.local_fields}
    kinds = sorted(name for name in names if name.endswith("_kind"))
    pairs = [("kind", "record_id"), *((kind, f"{kind.removesuffix('kind')}id") for kind in kinds)]
    return [(kind, id_) for kind, id_ in pairs if {kind, id_} <= names]


def _declared_refs(model: type[models.Model]) -> list[tuple[str, str]]:
    told: list[SubjectRefs] = []
    for value in vars(model).values():
        told += [value] if isinstance(value, SubjectRefs) else []
        if isinstance(value, tuple | list):
            told += [each for each in value if isinstance(each, SubjectRefs)]
    return [(refs.kind_column, refs.id_column) for refs in told]


def upward_lookups(sources: Iterable[Source]) -> list[str]:
    """Models taken out of the registry by name: an import that no linter sees."""
    return [
        source.at(node)
        for source in sources
        if source.part != "migrations" and source.room not in {"kernel", "project"}
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"get_model", "get_containing_app_config"}
    ]


def planted(room: str, name: str, **fields: Any) -> type[models.Model]:
    """A model of a room, outside the registry of apps that the product uses."""
    meta = type("Meta", (), {"app_label": room, "apps": _HOUSE, "db_table": f"{room}_{name}"})
    body = {"__module__": f"tandem.{room}.models", "Meta": meta, **fields}
    return type(name, (models.Model,), body)


class _Registry(type(apps)):  # type: ignore[misc]
    """A registry that a planted model may join and leave without a trace."""

    def register_model(self, app_label: str, model: type[models.Model]) -> None:
        self.all_models[app_label][model._meta.model_name] = model
        self.do_pending_operations(model)


_HOUSE = _Registry(())

PERSON = planted("people", "Person")
DEAL = planted("deals", "Deal")
CASCADE = models.CASCADE


def test_foreign_keys_point_down():
    assert crooked_keys(our_models()) == []


@pytest.mark.parametrize(
    ("room", "to", "related_name", "fault"),
    [
        ("people", DEAL, "+", "points up"),
        ("handoff", DEAL, "+", "points up"),
        ("revenue", DEAL, None, "related_name"),
        ("revenue", DEAL, "orders", "related_name"),
        ("revenue", DEAL, "+", ""),
        ("deals", DEAL, "parts", ""),
    ],
)
def test_a_crooked_key_is_found(room, to, related_name, fault):
    key = models.ForeignKey(to, CASCADE, related_name=related_name)
    found = crooked_keys([planted(room, f"Planted{room}{related_name}", pointer=key)])
    assert len(found) == (1 if fault else 0)
    assert fault in "".join(found)


def test_a_many_to_many_upward_is_found():
    key = models.ManyToManyField(DEAL, related_name="+")
    assert len(crooked_keys([planted("people", "Club", deals=key)])) == 1


def test_merging_and_erasing_are_declared():
    assert undeclared_subjects(our_models()) == []


def test_a_plain_key_to_a_person_is_found():
    plain = planted("deals", "Contact", person=models.ForeignKey(PERSON, CASCADE, related_name="+"))
    assert undeclared_subjects([plain]) == ["deals.Contact.person must be a SubjectKey"]
    key = SubjectKey(
        PERSON, CASCADE, on_merge=OnMerge.UNION, on_erase=OnErase.BLANK, related_name="+"
    )
    assert undeclared_subjects([planted("deals", "Role", person=key)]) == []


def test_a_bare_number_of_a_person_is_found():
    bare = planted("deals", "Call", person_id=models.BigIntegerField())
    assert undeclared_subjects([bare]) == ["deals.Call.person_id must be a SubjectKey"]


def test_a_record_ref_without_declaration_is_found():
    columns = {"subject_kind": models.CharField(), "subject_id": models.BigIntegerField()}
    assert undeclared_subjects([planted("timeline", "Entry", **columns)]) == [
        "timeline.Entry: subject_kind and subject_id need SubjectRefs"
    ]
    columns = {"subject_kind": models.CharField(), "subject_id": models.BigIntegerField()}
    refs = SubjectRefs("subject_kind", "subject_id", OnMerge.STAY, OnErase.DELETE)
    assert undeclared_subjects([planted("timeline", "Line", refs=refs, **columns)]) == []


def test_models_are_imported_not_looked_up():
    assert upward_lookups(product()) == []


def test_a_model_looked_up_by_name_is_found():
    text = "from django.apps import apps\nDeal = apps.get_model('deals', 'Deal')\n"
    assert upward_lookups([Source("people/queries.py", text)]) == ["tandem/people/queries.py:2"]
    assert upward_lookups([Source("people/migrations/0002_x.py", text)]) == []
