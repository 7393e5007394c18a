"""What segments refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class DefinitionInvalid(Invalid):
    code = "definition_invalid"
    message = _("This definition cannot be read. See the places.")


class DefinitionEmpty(Invalid):
    code = "definition_empty"
    message = _("Say at least one condition before you publish: so far everybody fits.")


class SegmentUnknown(Invalid):
    code = "segment_unknown"
    message = _("This segment is not here, or you may not see it.")


class SegmentInCircle(Invalid):
    """A segment would be made of itself."""

    code = "segment_in_circle"
    message = _("This segment is made of the one that you define: they would go in a circle.")


class PlaceUnknown(Invalid):
    """Nothing stands at this place: somebody has changed the draft meanwhile."""

    code = "place_unknown"
    message = _("There is nothing at this place any more. Look at the draft and try again.")


class NothingToPublish(Conflict):
    code = "nothing_to_publish"
    message = _("There is no draft: what is published is what you see.")


class SegmentUsed(Conflict):
    """Another segment is made of it."""

    code = "segment_used"
    message = _("Other segments are made of this one. Change these first.")


class SegmentFrozen(Conflict):
    """A snapshot holds whom it held when it was taken."""

    code = "segment_frozen"
    message = _("This is a snapshot: who is in it was settled when it was taken.")


class VersionConflict(Conflict):
    """The record was changed since the version that the actor had read."""

    code = "version_conflict"
    message = _("Someone has changed this in the meantime. Look at it and try again.")
