"""The ledger as pages, and setting up mail."""

from tandem.delivery.views import erasing as erasing
from tandem.delivery.views import kinds as kinds
from tandem.delivery.views import panels as panels
from tandem.delivery.views import stories as stories
