"""The room `ui`."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.rooms import Room
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section


class UiConfig(Room):
    """Design system; declares no permission of its own."""

    name = "tandem.ui"
    label = "ui"
    verbose_name = _("Design system")

    def ready(self) -> None:
        super().ready()
        navigation.register(
            NavItem(
                "jobs",
                _("Long jobs"),
                "progress",
                "ui:jobs",
                section=Section.SETTINGS,
                order=90,
                permission="kernel.watch",
            )
        )
