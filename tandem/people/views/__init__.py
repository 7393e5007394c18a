"""Persons and companies as kinds of record, and what they add to pages."""

from tandem.people.views import erasing as erasing
from tandem.people.views import kinds as kinds
from tandem.people.views import merging as merging
from tandem.people.views import panels as panels
from tandem.people.views import stories as stories
