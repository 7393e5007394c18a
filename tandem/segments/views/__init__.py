"""Segments as a kind of record, the tree on their page, and how their story is told."""

from tandem.segments.views import kinds as kinds
from tandem.segments.views import panels as panels
from tandem.segments.views import stories as stories
from tandem.segments.views import tree as tree
