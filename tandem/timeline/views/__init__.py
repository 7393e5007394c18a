"""The story on a record's page: its tab, and how the kinds that every record shares are told."""

from tandem.timeline.views import erasing as erasing
from tandem.timeline.views import kinds as kinds
from tandem.timeline.views.pages import order as order
from tandem.timeline.views.pages import pin_removal as pin_removal
from tandem.timeline.views.pages import pins as pins
from tandem.timeline.views.pages import story as story
