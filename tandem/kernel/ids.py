"""Public ids: time-ordered, unguessable enough for a URL, never the dense primary key."""

from uuid import UUID

from uuid_utils import compat


def new_public_id() -> UUID:
    """A UUID version 7 (RFC 9562): its order is the order of creation, to the millisecond."""
    return compat.uuid7()
