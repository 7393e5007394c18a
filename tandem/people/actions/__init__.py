"""What may be done with persons and companies."""

from tandem.people.actions.companies import change_company, create_company, delete_company
from tandem.people.actions.employments import employ
from tandem.people.actions.erasing import erased_among, erased_keys, traces_of_people
from tandem.people.actions.import_companies import commit_companies
from tandem.people.actions.imports import commit_people
from tandem.people.actions.keys import derive_companies, derive_people, follow_undo
from tandem.people.actions.lifecycle import record_stage
from tandem.people.actions.many import (
    change_companies,
    change_people,
    companies_to_change,
    delete_companies,
    delete_people,
    people_to_change,
)
from tandem.people.actions.merging import merge_lifecycle, merge_parents
from tandem.people.actions.persons import change_person, create_person, delete_person

__all__ = [
    "change_companies",
    "change_company",
    "change_people",
    "change_person",
    "commit_companies",
    "commit_people",
    "companies_to_change",
    "create_company",
    "create_person",
    "delete_companies",
    "delete_company",
    "delete_people",
    "delete_person",
    "derive_companies",
    "derive_people",
    "employ",
    "erased_among",
    "erased_keys",
    "follow_undo",
    "merge_lifecycle",
    "merge_parents",
    "people_to_change",
    "record_stage",
    "traces_of_people",
]
