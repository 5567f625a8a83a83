"""The error table: every published word is in it, and nothing in it is a server error."""

import pytest

from regulars.contracts.cryptokids.errors import BY_VERB, ERRORS, FAILURES, published
from regulars.features.ledger.model import RefusalCode
from tests.support.family import Family, ok, refused
from tests.support.family_acts import approve, cancel, give_token, scan

PUBLISHED: dict[str, str] = {
    "earn": "INVALID_AMOUNT INVALID_USER EARN_FAILED",
    "redeem": "INVALID_AMOUNT INVALID_USER INSUFFICIENT_FUNDS REDEEM_FAILED",
    "adjust": "INVALID_DELTA INVALID_USER INSUFFICIENT_FUNDS ADJUST_FAILED",
    "refund": "FEATURE_DISABLED INVALID_AMOUNT REDEEM_NOT_FOUND USER_MISMATCH NOT_REDEEM_TX "
    "REFUND_NOT_ALLOWED OVER_REFUND INVALID_REASON REFUND_EXISTS IDEMPOTENCY_CONFLICT REFUND_WINDOW_EXPIRED "
    "ROLE_REQUIRED REFUND_RATE_LIMIT",
    "hold.reserve": "invalid_payload reward_not_found hold_failed",
    "hold.redeem": "invalid_payload unsupported_token hold_mismatch TOKEN_USED hold_not_pending "
    "approve_failed BAD_TOKEN BAD_SIGNATURE EXPIRED",
    "scan": "missing_token unsupported_token TOKEN_USED ADMIN_REQUIRED scan_failed",
    "quick": "invalid_payload template_not_found EARN_FAILED",
    "tokens.earn": "invalid_payload invalid_templates TEMPLATE_MISSING",
}
STATUSES = {
    "ROLE_REQUIRED": 403,
    "FEATURE_DISABLED": 403,
    "ADMIN_REQUIRED": 403,
    "INSUFFICIENT_FUNDS": 409,
    "IDEMPOTENCY_CONFLICT": 409,
    "REFUND_EXISTS": 409,
    "TOKEN_USED": 409,
    "hold_failed": 409,
    "REFUND_RATE_LIMIT": 429,
    "REDEEM_NOT_FOUND": 404,
    "reward_not_found": 404,
    "template_not_found": 404,
    "hold_not_pending": 404,
}


@pytest.mark.parametrize("verb", PUBLISHED)
def test_every_published_word_of_a_verb_has_its_status(verb: str) -> None:
    refusals = [*ERRORS, *(refusal for named, refusal in BY_VERB if named == verb), "something unforeseen"]
    answered: dict[str, set[int]] = {}
    for refusal in refusals:
        status, word = published(verb, refusal)
        answered.setdefault(word, set()).add(status)
    for word in PUBLISHED[verb].split():
        assert STATUSES.get(word, 400) in answered[word], word


@pytest.mark.parametrize("verb", FAILURES)
@pytest.mark.parametrize("refusal", RefusalCode)
def test_no_refusal_of_the_ledger_is_a_server_error(verb: str, refusal: RefusalCode) -> None:
    status, word = published(verb, refusal)
    assert 400 <= status < 500
    assert word


async def test_telemetry_counts_holds_and_tokens_as_the_verbs_they_are(home: Family) -> None:
    await home.earn(20)
    hold, other = await home.reserve(), await home.reserve()
    ok(await approve(home, hold))
    refused(await approve(home, hold), 409, "TOKEN_USED")
    ok(await cancel(home, other))
    token = await give_token(home)
    ok(await scan(home, token))
    refused(await scan(home, token), 409, "TOKEN_USED")
    refused(await home.post("/api/earn/quick", {"userId": "leo", "templateId": 9}), 404, "template_not_found")
    health = ok(await home.get("/api/admin/telemetry/core-health"))
    counted = {
        verb["verb"]: (verb["count"], {failure["message"] for failure in verb["topFailures"]})
        for verb in health["verbs"]
        if verb["count"]
    }
    assert counted == {
        "earn": (4, {"TOKEN_USED", "template_not_found"}),
        "hold.reserve": (2, set()),
        "hold.redeem": (2, {"TOKEN_USED"}),
        "hold.release": (1, set()),
    }
