"""What may be done with persons and companies."""

from tandem.people.actions.companies import change_company, create_company, delete_company
from tandem.people.actions.employments import (
    add_employment,
    change_employment,
    employ,
    remove_employment,
)
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
from tandem.people.actions.parts import (
    add_domain,
    add_email,
    add_phone,
    change_domain_of,
    change_email,
    change_phone_number,
    remove_domain,
    remove_email,
    remove_phone,
)
from tandem.people.actions.persons import change_person, create_person, delete_person
from tandem.people.actions.relationships import (
    add_relationship,
    change_relationship,
    merge_ties,
    remove_relationship,
)

__all__ = [
    "add_domain",
    "add_email",
    "add_employment",
    "add_phone",
    "add_relationship",
    "change_companies",
    "change_company",
    "change_domain_of",
    "change_email",
    "change_employment",
    "change_people",
    "change_person",
    "change_phone_number",
    "change_relationship",
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
    "merge_ties",
    "people_to_change",
    "record_stage",
    "remove_domain",
    "remove_email",
    "remove_employment",
    "remove_phone",
    "remove_relationship",
    "traces_of_people",
]
