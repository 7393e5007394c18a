"""Refusals that a user can understand and act on.

Each door maps them once: a page shows the message at its field or as a notice, the API answers
``{"code", "message", "errors"}`` with the status, a job retries only what says that it may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input; ``field`` is a dotted path or empty."""

    field: str
    code: str
    message: Text


class DomainError(Exception):
    """A refusal by a rule of the product; nothing was changed."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    retryable: ClassVar[bool] = False
    message: ClassVar[Text] = _("This cannot be done.")

    def __init__(
        self,
        message: Text | None = None,
        *,
        field: str = "",
        errors: Sequence[FieldError] = (),
    ) -> None:
        self.text: Text = message if message is not None else self.message
        self.errors: tuple[FieldError, ...] = tuple(errors)
        if field:
            self.errors = (*self.errors, FieldError(field, self.code, self.text))
        super().__init__(self.text)

    def __str__(self) -> str:
        return str(self.text)


class Invalid(DomainError):
    """The input has the wrong shape or breaks a rule."""

    code = "invalid"
    message = _("Some of this cannot be accepted. See the fields.")


class Unauthenticated(DomainError):
    """Nobody is signed in, or the token is not valid."""

    code = "unauthenticated"
    status = 401
    message = _("Sign in, or send a valid token.")


class Refused(DomainError):
    """The actor lacks the permission."""

    code = "forbidden"
    status = 403
    message = _("You do not have the right to do this.")


class Missing(DomainError):
    """The record does not exist, or the actor may not see it: the answer is the same."""

    code = "not_found"
    status = 404
    message = _("This is not here, or you may not see it.")


class Conflict(DomainError):
    """The state of the record has moved on, or a unique value is taken."""

    code = "conflict"
    status = 409
    message = _("This has been changed in the meantime.")


class TooMany(DomainError):
    """A rate or a quota is used up for now."""

    code = "too_many_requests"
    status = 429
    retryable = True
    message = _("Too many requests. Try again in a little while.")


class Unavailable(DomainError):
    """A part that is needed does not answer right now."""

    code = "unavailable"
    status = 503
    retryable = True
    message = _("This does not answer right now. Try again in a little while.")
