"""Deals and pipelines as kinds of record, their pages, and what they add to others' pages."""

from tandem.deals.views import heads as heads
from tandem.deals.views import kinds as kinds
from tandem.deals.views import merging as merging
from tandem.deals.views import panels as panels
from tandem.deals.views import stories as stories
