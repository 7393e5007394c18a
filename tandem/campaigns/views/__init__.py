"""Campaigns and costs as kinds of record, the page of results, costs and assets on it."""

from tandem.campaigns.views import kinds as kinds
from tandem.campaigns.views import results as results
from tandem.campaigns.views import stories as stories
