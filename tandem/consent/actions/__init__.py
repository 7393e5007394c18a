"""What may be done with consent and the stop list."""

from tandem.consent.actions.erasing import stop_erased
from tandem.consent.actions.imports import take_back_imported, weigh_imported
from tandem.consent.actions.ledger import (
    change_suppression,
    confirm_consent,
    create_consent,
    create_suppression,
    delete_suppression,
    record_consent,
    set_preferences,
    stop_all,
    stop_topics,
    suppress,
)
from tandem.consent.actions.merging import merge_consent, part_consent

__all__ = [
    "change_suppression",
    "confirm_consent",
    "create_consent",
    "create_suppression",
    "delete_suppression",
    "merge_consent",
    "part_consent",
    "record_consent",
    "set_preferences",
    "stop_all",
    "stop_erased",
    "stop_topics",
    "suppress",
    "take_back_imported",
    "weigh_imported",
]
