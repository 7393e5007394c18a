"""The names of topics as people read them."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TOPICS: Mapping[str, str | Promise] = {
    "news": _("News"),
    "offers": _("Offers"),
    "contact": _("Contact about a request"),
    "events": _("Events"),
}


def topic_name(topic: str) -> str:
    """A topic in the reader's language; what the company named itself, as it stands."""
    known = TOPICS.get(topic)
    return str(known) if known is not None else topic.replace("-", " ").replace("_", " ").title()
