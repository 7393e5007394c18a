"""The room `ui`."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.rooms import Room


class UiConfig(Room):
    """Design system; declares no permission of its own."""

    name = "tandem.ui"
    label = "ui"
    verbose_name = _("Design system")
