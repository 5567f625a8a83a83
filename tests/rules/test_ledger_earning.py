"""Which commands may go the short way."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from regulars.features.ledger.earning import are_unrelated_earns
from regulars.features.ledger.model import AccountReference, Command
from tests.support.ledger import claim, earn, redeem, reserve

ONE, OTHER = AccountReference(UUID(int=1)), AccountReference(UUID(int=2))


@pytest.mark.parametrize(
    ("commands", "unrelated"),
    [
        ([earn(1, ONE)], True),
        ([earn(1, ONE), earn(1, OTHER)], True),
        ([earn(1, ONE, claim("a")), earn(1, OTHER, claim("b"))], True),
        ([earn(1, ONE, claim("a")), earn(1, OTHER, claim("a", scope="request:2"))], True),
        ([earn(1, ONE), earn(1, AccountReference(ONE.member_id, location_id=7))], True),
        ([earn(1, ONE), earn(1, ONE)], False),
        ([earn(1, ONE, claim("a")), earn(1, OTHER, claim("a"))], False),
        ([redeem(1, ONE)], False),
        ([earn(1, ONE), redeem(1, OTHER)], False),
        ([earn(1, ONE), reserve(1, OTHER)], False),
    ],
)
def test_only_earns_of_different_accounts_and_claims_are_unrelated(
    commands: Sequence[Command], unrelated: bool
) -> None:
    assert are_unrelated_earns(commands) is unrelated
