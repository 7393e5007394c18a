"""What may be done with persons and companies."""

from tandem.people.actions.companies import change_company, create_company, delete_company
from tandem.people.actions.employments import employ
from tandem.people.actions.keys import follow_undo
from tandem.people.actions.lifecycle import record_stage
from tandem.people.actions.owners import assign_people
from tandem.people.actions.persons import change_person, create_person, delete_person

__all__ = [
    "assign_people",
    "change_company",
    "change_person",
    "create_company",
    "create_person",
    "delete_company",
    "delete_person",
    "employ",
    "follow_undo",
    "record_stage",
]
