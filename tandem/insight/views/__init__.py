"""Attribution, on its page and on a campaign's; the sites; the shared home."""

from tandem.insight.views import attribution as attribution
from tandem.insight.views import funnels as funnels
from tandem.insight.views import home as home
from tandem.insight.views import sections as sections
from tandem.insight.views import sites as sites
