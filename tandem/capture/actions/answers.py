"""The answers to a form, read question by question."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tandem.accounts.queries import company_settings
from tandem.capture import queries
from tandem.capture.errors import AnswerUnknown
from tandem.capture.models import Form
from tandem.capture.schemas import Answers, answers_schema, given_answers
from tandem.kernel.errors import FieldError, Invalid
from tandem.records.errors import ValueUnfit
from tandem.records.rules.custom import Definition, read_custom
from tandem.ui.complaints import sentence


def read_answers(form: Form, answers: Mapping[str, str]) -> dict[str, Any]:
    """The answers to a form as they are kept; raises Invalid, each error with its question."""
    fields = {one.key: one.field for one in queries.questions_of(form) if one.field is not None}
    schema = answers_schema(form.fields, region=company_settings().default_country)
    plain, errors = _read_plain(schema, {k: v for k, v in answers.items() if k not in fields})
    custom, unfit = _read_custom(fields, answers)
    if errors or unfit:
        raise Invalid(errors=[*errors, *unfit])
    return plain | custom


def _read_plain(
    schema: type[Answers], answers: Mapping[str, str]
) -> tuple[dict[str, Any], list[FieldError]]:
    asked = set(schema.model_fields)
    errors = [
        FieldError(key, AnswerUnknown.code, AnswerUnknown.message)
        for key in answers
        if key not in asked
    ]
    try:
        read = schema.model_validate({k: v for k, v in answers.items() if k in asked})
    except ValidationError as refused:
        return {}, errors + [
            FieldError(
                str(error["loc"][0]) if error["loc"] else "",
                error["type"],
                sentence(error["type"], error.get("ctx", {}), error["msg"]),
            )
            for error in refused.errors(include_url=False)
        ]
    return given_answers(read), errors


def _read_custom(
    fields: Mapping[str, Definition], answers: Mapping[str, str]
) -> tuple[dict[str, Any], list[FieldError]]:
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for key, field in fields.items():
        try:
            value = read_custom(field, answers.get(key), is_text=True)
        except ValueUnfit as refused:
            errors += refused.errors
            continue
        if value is not None:
            found[key] = value
    return found, errors
