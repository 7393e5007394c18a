"""What deals refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class DealMoved(Conflict):
    """The deal stands elsewhere by now; the text says where."""

    code = "deal_moved"
    message = _("Meanwhile somebody moved this deal.")


class DealClosed(Conflict):
    """Only an open deal can be moved, won or lost."""

    code = "deal_closed"
    message = _("This deal is closed. Reopen it first.")


class DealOpen(Conflict):
    """Only a closed deal can be reopened."""

    code = "deal_open"
    message = _("This deal is open.")


class WinIncomplete(Invalid):
    """What a won deal must have is missing; one error for each."""

    code = "win_incomplete"
    message = _("Something is missing before this deal can be won.")


class AmountMissing(WinIncomplete):
    code = "amount_missing"
    message = _("Say what the deal is worth.")


class BuyerMissing(WinIncomplete):
    code = "buyer_missing"
    message = _("Name the person or company who buys.")


class VersionConflict(Conflict):
    """The deal was changed since the version that the actor had read."""

    code = "version_conflict"
    message = _("Someone has changed this in the meantime. Look at it and try again.")


class PipelineUnknown(Invalid):
    code = "pipeline_unknown"
    message = _("There is no such pipeline.")


class PipelineMissing(Invalid):
    """There is no pipeline at all: a manager sets one up."""

    code = "pipeline_missing"
    message = _("There is no pipeline yet. A manager sets one up in the settings.")


class PipelineNameTaken(Conflict):
    code = "pipeline_name_taken"
    message = _("Another pipeline has this name.")


class PipelineInUse(Conflict):
    code = "pipeline_in_use"
    message = _("There are deals in this pipeline.")


class PipelineIsDefault(Conflict):
    code = "pipeline_is_default"
    message = _("New deals go here. Make another pipeline the default first.")


class MotionUnknown(Invalid):
    code = "motion_unknown"
    message = _("There is no such motion.")


class StageUnknown(Invalid):
    code = "stage_unknown"
    message = _("This pipeline has no such stage.")


class StageInUse(Conflict):
    """Deals stand in the stage; they are moved first."""

    code = "stage_in_use"
    message = _("There are deals in this stage. Move them first.")


class StageNeeded(Conflict):
    """A pipeline keeps an open stage, the one for won and the one for lost deals."""

    code = "stage_needed"
    message = _("A pipeline needs an open stage, one for won and one for lost deals.")


class PersonUnknown(Invalid):
    code = "person_unknown"
    message = _("This person is not here, or you may not see them.")


class OwnerUnknown(Invalid):
    code = "owner_unknown"
    message = _("There is no such colleague.")


class LeadHasDeal(Conflict):
    """One lead has one deal that came from it."""

    code = "lead_has_deal"
    message = _("This lead has a deal already.")


class DealWonStays(Conflict):
    """A won deal has its order: who buys and for how much stay until it is reopened."""

    code = "deal_won"
    message = _("This deal is won. Reopen it first.")
