"""What every room's ``apps.py`` builds on."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule

from tandem.kernel.permissions import Permission, declare


class Room(AppConfig):
    """A room of the house: declares its permissions and registers itself when the house starts.

    ``loads`` names the modules of the room that register something in a lower room's slot when
    they are imported (a kind of record, a tab, a navigation entry); reactions are always loaded.
    """

    # Django takes the one configuration of an apps.py that is a default: the room's, not this base.
    default = False
    default_auto_field = "django.db.models.BigAutoField"
    permissions: ClassVar[Mapping[str, Permission]] = {}
    loads: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.default = True

    def import_models(self) -> None:
        # Before the models, because actions check their permission while they are imported.
        declare(self.label, self.permissions)
        super().import_models()

    def ready(self) -> None:
        super().ready()
        for name in self.loads:
            import_module(f"{self.name}.{name}")
        if self.module is not None and module_has_submodule(self.module, "reactions"):
            import_module(f"{self.name}.reactions")
