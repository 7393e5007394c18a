from django.core.checks import Error, register

from tandem.kernel.jobs import unknown_jobs
from tandem.kernel.rooms import Room


class ProjectConfig(Room):
    name = "tandem.project"
    label = "project"


@register()
def jobs_are_known(app_configs: object, **options: object) -> list[Error]:
    """A job that is asked for by name exists."""
    return [
        Error(f"No job is called {name!r}.", id="tandem.E001") for name in sorted(unknown_jobs())
    ]
