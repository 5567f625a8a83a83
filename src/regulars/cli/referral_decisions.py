"""What `regulars referrals` does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from regulars.base.clock import utc_now
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import id_of
from regulars.cli.session import chosen_program, open_session
from regulars.cli.tables import money_text, show_table
from regulars.db.database import Connection
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import DECIDED_BY_LENGTH_MAX, Flag, FlagStatus

FLAGS_SHOWN_MAX = 500
DECISIONS = {"clear": referrals.clear, "block": referrals.block, "claw-back": referrals.claw_back}


async def show_flags(status: str, limit: int, slug: str | None, data: Path | None) -> None:
    """Prints the flags of a status, oldest first."""
    if status not in [known.value for known in FlagStatus]:
        raise CommandFailed(f"--status {status}: it is {', '.join(FlagStatus)}", ExitCode.USAGE)
    if not 1 <= limit <= FLAGS_SHOWN_MAX:
        raise CommandFailed(f"--limit {limit}: it is from 1 to {FLAGS_SHOWN_MAX}", ExitCode.USAGE)
    async with _connected(slug, data) as (connection, program_id):
        found = await referrals.list_flags(connection, program_id, status=FlagStatus(status), limit=limit)
    if not found:
        print(f"no flag is {status.replace('_', ' ')}")
        return
    show_table(["flag", "since", "rule", "figure", "rid", "order", "decided by"], map(_row, found))


async def decide(decision: str, flag: str, by: str, slug: str | None, data: Path | None) -> None:
    """Decides about a flag and says so."""
    flag_id = id_of(flag, "the flag")
    if not 1 <= len(by) <= DECIDED_BY_LENGTH_MAX or not by.isprintable():
        raise CommandFailed(f"--by is 1 to {DECIDED_BY_LENGTH_MAX} characters on one line", ExitCode.USAGE)
    async with _connected(slug, data) as (connection, program_id):
        decided = await DECISIONS[decision](connection, program_id, flag_id, by, utc_now)
    print(f"{decided.flag_id} is {decided.status.replace('_', ' ')}")


async def mark_paid(order: str, slug: str | None, data: Path | None) -> None:
    """Marks a cash reward as paid and says how much it was."""
    async with _connected(slug, data) as (connection, program_id):
        paid = await referrals.pay(connection, program_id, referrals.plain_id(order), utc_now)
    print(f"{money_text(paid.reward_amount, paid.currency)} is paid for order {paid.order_id}")


@asynccontextmanager
async def _connected(slug: str | None, data: Path | None) -> AsyncIterator[tuple[Connection, int]]:
    """A connection outside any transaction, because what decides makes its own, and the program's id."""
    async with open_session(data) as session, session.database.connection() as connection:
        yield connection, (await chosen_program(connection, slug)).program_id


def _row(flag: Flag) -> list[str]:
    return [
        str(flag.flag_id),
        f"{flag.created_at:%Y-%m-%d %H:%M} UTC",
        flag.rule.replace("_", " "),
        "–" if flag.observed is None else str(flag.observed),
        flag.rid,
        flag.order_id or "–",
        flag.decided_by or "–",
    ]
