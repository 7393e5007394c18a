"""What campaigns refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class CodeInvalid(Invalid):
    code = "code_invalid"
    message = _("A code has letters, digits, dots, dashes and underscores only.")


class DatesReversed(Invalid):
    """The campaign would end before it starts."""

    code = "dates_reversed"
    message = _("The campaign ends before it starts.")


class AmountTooFine(Invalid):
    """The amount has more decimals than its currency knows."""

    code = "amount_too_fine"
    message = _("This currency has no such small unit.")


class CampaignUnknown(Invalid):
    code = "campaign_unknown"
    message = _("This campaign is not here, or you may not see it.")


class AssetUnknown(Invalid):
    """No such record, none that the actor may see, or of a kind that carries no campaign."""

    code = "asset_unknown"
    message = _("This is not here, or it cannot carry a campaign.")


class CodeTaken(Conflict):
    code = "code_taken"
    message = _("Another campaign has this code.")


class AssetTaken(Conflict):
    """An asset carries one campaign at a time."""

    code = "asset_taken"
    message = _("This carries another campaign. Take it off there first.")


class VersionConflict(Conflict):
    """The record was changed since the version that the actor had read."""

    code = "version_conflict"
    message = _("Someone has changed this in the meantime. Look at it and try again.")
