"""What orders refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class NothingBooked(Invalid):
    """An order has lines or an amount, not both and not neither."""

    code = "nothing_booked"
    message = _("Give the lines of the order, or its amount.")


class AmountTooLarge(Invalid):
    code = "amount_too_large"
    message = _("An order goes up to 10,000,000,000,000.")


class CustomerUnknown(Invalid):
    code = "customer_unknown"
    message = _("This person is not here, or you may not see them.")


class OrderExistsNotVisible(Conflict):
    """There is such an order, but the actor may not see it: no more is said."""

    code = "exists_not_visible"
    message = _("This order exists already, but you may not see it. Ask your manager.")
