"""The bell, the list of what waits, one's own settings, and how the reasons are told."""

from tandem.notifications.views import bell as bell
from tandem.notifications.views import erasing as erasing
from tandem.notifications.views import pages as pages
from tandem.notifications.views import reasons as reasons
from tandem.notifications.views import settings as settings
