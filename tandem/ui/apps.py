"""The room `ui`."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import translation

from tandem.kernel.rooms import Room
from tandem.ui import catalogues, navigation
from tandem.ui.navigation import NavItem, Section


class UiConfig(Room):
    """Design system; declares no permission of its own."""

    name = "tandem.ui"
    label = "ui"
    verbose_name = _("Design system")

    def ready(self) -> None:
        super().ready()
        for language, _name in settings.LANGUAGES:
            catalogues.unite(translation(language))
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
