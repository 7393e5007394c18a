"""The database for one command: it serves whether `tandem up` runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from tandem.project.home import Home
from tandem.project.migrate import apply_migrations
from tandem.project.postgres import Cluster, database
from tandem.project.schema import is_current


@contextmanager
def session(home: Home, *, migrated: bool = True) -> Iterator[None]:
    """A database for the block, brought up to date first unless `migrated` is False.

    Closes every connection before a server that was started for the block stops. Raises
    OperatorError.
    """
    with database(home):
        try:
            if migrated and not (home.embeds_postgres and is_current(Cluster(home))):
                apply_migrations(home)
            yield
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()
                if isinstance(connection, DatabaseWrapper) and connection.pool:
                    connection.close_pool()
