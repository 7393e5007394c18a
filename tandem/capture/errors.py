"""What forms and pages refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid, Missing, TooMany


class FieldsOdd(Invalid):
    """The definition of a form's fields cannot be read."""

    code = "fields_odd"
    message = _("Write one field a line: key | Label * | type.")


class SlugTaken(Conflict):
    code = "slug_taken"
    message = _("Another one has this address already.")


class FormUnknown(Invalid):
    code = "form_unknown"
    message = _("There is no such form.")


class FormInUse(Conflict):
    code = "form_in_use"
    message = _("A published page shows this form. Take it off there first.")


class NotPublished(Missing):
    """The form or page is not there, or not for everybody yet: the answer is the same."""

    message = _("There is nothing at this address.")


class TokenInvalid(Invalid):
    """The form does not carry our signature: it was not ours, or it was changed on the way."""

    code = "token_invalid"
    message = _("This form was not sent from our page. Check your answers and send it again.")


class TokenExpired(Invalid):
    code = "token_expired"
    message = _("This page has been open for too long. Check your answers and send it again.")


class AnswerUnknown(Invalid):
    """An answer to a question that the form does not ask."""

    code = "answer_unknown"
    message = _("The form does not ask for this.")


class TooManyForms(TooMany):
    message = _("Too many forms were sent from here. Try again in an hour.")


class StateInvalid(Conflict):
    code = "state_invalid"
    message = _("Only what was kept aside can be released.")
