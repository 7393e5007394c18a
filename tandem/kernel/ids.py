"""Public ids: time-ordered, unguessable enough for a URL, never the dense primary key."""

from uuid import UUID

from uuid_utils import compat, uuid7


def new_public_id() -> UUID:
    """A UUID version 7 (RFC 9562): its order is the order of creation, to the millisecond."""
    return compat.uuid7()


def new_public_ids(count: int) -> list[str]:
    """As many of them, as texts: for rows that are brought in by thousands."""
    return [str(uuid7()) for _nth in range(count)]


# The same made by PostgreSQL 16 and newer, for rows that never pass through here.
PUBLIC_ID_SQL = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING"
    " substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)"
    " FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"
)
