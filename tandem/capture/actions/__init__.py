"""What may be done with forms and pages, and what happens when somebody sends one."""

from tandem.capture.actions.intake import forget_counts
from tandem.capture.actions.publishing import (
    change_form,
    change_page,
    create_form,
    create_page,
    delete_form,
    delete_page,
)
from tandem.capture.actions.submissions import (
    PUBLIC,
    delete_submission,
    enter_submission,
    release_submission,
    submit_form,
)

__all__ = [
    "PUBLIC",
    "change_form",
    "change_page",
    "create_form",
    "create_page",
    "delete_form",
    "delete_page",
    "delete_submission",
    "enter_submission",
    "forget_counts",
    "release_submission",
    "submit_form",
]
