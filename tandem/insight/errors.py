"""What questions of attribution are refused for."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid


class ModelUnknown(Invalid):
    """No such way of sharing revenue, or one that is not built yet."""

    code = "model_unknown"
    message = _("Revenue can be shared by these models: first, last, linear.")
