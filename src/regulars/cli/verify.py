"""`regulars verify`."""

from regulars.cli.parameters import Data

STATEMENT_SECONDS_MAX = 6 * 3600


def verify(*, data: Data = None) -> int:
    """Check that the books of a live database add up.

    Prints how many faults each invariant has, and what they are. Exits with 1 when there are any. The
    server may run meanwhile: everything is read at one moment.
    """
    import asyncio

    return asyncio.run(_verify(data))


async def _verify(data: Data) -> int:
    from regulars.cli.failures import ExitCode
    from regulars.cli.session import open_session
    from regulars.db.invariants import SHOWN_MAX, one_moment
    from regulars.features.kiosk import verify as kiosk
    from regulars.features.ledger import verify as ledger
    from regulars.features.lending import verify as lending
    from regulars.features.memberships import verify as memberships
    from regulars.features.referrals import verify as referrals
    from regulars.features.sales import verify as sales

    features = (ledger, sales, kiosk, memberships, lending, referrals)

    # It reads every row there is, however long that takes.
    patient = open_session(data, statement_timeout_seconds=STATEMENT_SECONDS_MAX)
    async with patient as session, session.database.connection() as connection, one_moment(connection):
        findings = [found for feature in features for found in await feature.check(connection)]
    counts = {invariant: 0 for feature in features for invariant in feature.CHECKS}
    for finding in findings:
        counts[finding.invariant] += 1
    _print_table(counts, SHOWN_MAX)
    if not findings:
        print("the books add up")
    for finding in findings:
        print(f"program {finding.program_id}: {finding.invariant}: {finding.detail}")
    return ExitCode.FAILED if findings else ExitCode.DONE


def _print_table(counts: dict[str, int], shown_max: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("invariant", "faults")
    for invariant, count in counts.items():
        table.add_row(invariant, f"{count} or more" if count >= shown_max else str(count))
    Console().print(table)
