"""What the public sees, and forms, pages and submissions as kinds of record."""

from tandem.capture.views import erasing as erasing
from tandem.capture.views import kinds as kinds
from tandem.capture.views import panels as panels
from tandem.capture.views import stories as stories
