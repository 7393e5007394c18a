"""Orders as a kind of record, and what they add to pages."""

from tandem.revenue.views import kinds as kinds
from tandem.revenue.views import panels as panels
from tandem.revenue.views import stories as stories
