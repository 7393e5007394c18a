"""The ways out over a wire, and how a message is made ready for one."""

from tandem.delivery.slots import TRANSPORTS
from tandem.delivery.transports.smtp import SmtpTransport

TRANSPORTS.register("smtp", SmtpTransport())
