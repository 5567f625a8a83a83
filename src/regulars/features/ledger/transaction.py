"""The one transaction of a posting, and what its failure tells about its fate."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg import errors

from regulars.db import transactions
from regulars.db.database import Connection, DatabaseUnavailable
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import ATTEMPTS_MAX, LOST_RACES, FateUnknown, Lost, one_transaction

__all__ = [
    "ATTEMPTS_MAX",
    "RETRYABLE",
    "FateUnknown",
    "NothingSent",
    "OpenedMeanwhile",
    "one_transaction",
    "transact",
]

T = TypeVar("T")


class OpenedMeanwhile(Exception):
    """An account was missing when the others were locked, and then somebody else opened it."""


RETRYABLE: Lost = (OpenedMeanwhile, errors.UniqueViolation, *LOST_RACES)
"""What a transaction that began anew would not meet again: a race that it lost, most of all."""


class NothingSent(DatabaseUnavailable):
    """The database failed before anything could have been committed; the batch may be tried again."""


async def transact(connection: Connection, work: Callable[[Pipeline], Awaitable[T]]) -> T:
    """What `work` returns, durable when this returns; see `transactions.transact`."""
    return await transactions.transact(connection, work, again_after=RETRYABLE)
