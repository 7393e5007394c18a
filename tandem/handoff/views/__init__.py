"""Leads and hand-offs as kinds of record, the inbox, the ledger, and what persons' pages show."""

from tandem.handoff.views import contacts as contacts
from tandem.handoff.views import kinds as kinds
from tandem.handoff.views import merging as merging
from tandem.handoff.views import notices as notices
from tandem.handoff.views import panels as panels
from tandem.handoff.views import stories as stories
