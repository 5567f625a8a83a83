"""Operators who decide about one flag at once, each in a process of their own: one decision counts."""

import subprocess

import psycopg
import pytest

from tests.cli.commands import Desk
from tests.cli.processes import COMMAND, START_SECONDS_MAX, environment, eventually
from tests.cli.test_referrals import flagged, with_shop
from tests.support.hotels import SECRET_KEY
from tests.support.referrals import Shop

OUTCOMES = {"clear": "cleared", "block": "blocked", "claw-back": "clawed back"}
STORED = {"clear": "cleared", "block": "blocked", "claw-back": "clawed_back"}
WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()
"""


def begin(desk: Desk, decision: str, flag_id: str) -> subprocess.Popen[str]:
    """A decision in a process of its own, under way."""
    return subprocess.Popen(
        [*COMMAND, "referrals", decision, flag_id, "--by", f"operator of {decision}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(REGULARS_DATABASE_URL=desk.database_url, REGULARS_SECRET_KEY=SECRET_KEY),
    )


def at_once(desk: Desk, flag_id: str, decisions: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """How each decision ends, all of which wait for the flag until the last one has come."""
    with psycopg.connect(desk.database_url) as holder:
        holder.execute("select from fraud_flags where flag_id = %s for update", [flag_id])
        processes = {decision: begin(desk, decision, flag_id) for decision in decisions}
        with psycopg.connect(desk.database_url, autocommit=True) as watcher:
            eventually(lambda: watcher.execute(WAITING).fetchone() == (len(decisions),), START_SECONDS_MAX)
        holder.rollback()
    ends = {}
    for decision, process in processes.items():
        said = "".join(process.communicate(timeout=START_SECONDS_MAX))
        ends[decision] = (process.returncode, said)
    return ends


async def one_flag(shop: Shop) -> tuple[str, str]:
    """A flag of an order whose reward is held, and the order."""
    return (await flagged(shop))[0]


@pytest.mark.parametrize(
    "decisions", [("clear", "block"), ("block", "clear"), ("claw-back", "clear", "block")]
)
def test_decisions_that_race_are_one(desk: Desk, decisions: tuple[str, ...]) -> None:
    flag_id, order_id = with_shop(desk, one_flag)
    ends = at_once(desk, flag_id, decisions)
    [winner] = [name for name, (code, _) in ends.items() if code == 0]
    assert OUTCOMES[winner] in ends[winner][1]
    for name in set(decisions) - {winner}:
        assert ends[name][0] != 0
        assert "decided once" in ends[name][1]
    with psycopg.connect(desk.database_url) as connection:
        flag = connection.execute("select status, decided_by from fraud_flags where flag_id = %s", [flag_id])
        assert flag.fetchall() == [(STORED[winner], f"operator of {winner}")]
        reward = connection.execute(
            "select reward_status, ended_as from referral_conversions where order_id = %s", [order_id]
        )
        is_clear = winner == "clear"
        assert reward.fetchall() == [("pending_hold", None) if is_clear else ("cancelled", STORED[winner])]
    # Whoever had won says the same again, and the others are refused again.
    assert OUTCOMES[winner] in desk.works("referrals", winner, flag_id)
    for name in set(decisions) - {winner}:
        assert "decided once" in desk.refuses("referrals", name, flag_id)


@pytest.mark.parametrize("first", OUTCOMES)
@pytest.mark.parametrize("second", OUTCOMES)
def test_decisions_one_after_the_other(desk: Desk, first: str, second: str) -> None:
    flag_id, _ = with_shop(desk, one_flag)
    assert OUTCOMES[first] in desk.works("referrals", first, flag_id)
    if second == first:
        assert OUTCOMES[first] in desk.works("referrals", second, flag_id)
    else:
        assert "decided once" in desk.refuses("referrals", second, flag_id)
