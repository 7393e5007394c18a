"""The pages for the person alone, and what stands on pages about consent."""

from tandem.consent.views import erasing as erasing
from tandem.consent.views import kinds as kinds
from tandem.consent.views import merging as merging
from tandem.consent.views import panels as panels
from tandem.consent.views import stories as stories
