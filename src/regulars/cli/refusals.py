"""What the operator is told when a feature refuses: the rule that was broken, or what to do."""

from regulars.base.refusals import Refused

_PERCENT = "a percentage is from 0 to 100, with two decimals at most"

SENTENCES = {
    "slug_taken": "another one has this slug; choose one with --slug",
    "invalid_slug": "a slug is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or a digit",
    "invalid_name": "a name is printable, not empty, and not too long",
    "invalid_currency": "write three capital letters, such as GBP (ISO 4217)",
    "invalid_time_zone": "write it as the IANA database does, such as Europe/London",
    "invalid_scope": "write it as cryptokids:admin or loyaltyhub:till",
    "invalid_key": "a key is 16 to 512 visible ASCII characters",
    "credential_not_found": "'regulars keys list' shows the numbers",
    "credential_revoked": "it stays so; 'regulars keys create' makes another",
    "name_taken": "another tier is called so, in whatever case, or it is the name that staff have",
    "too_many_tiers": "a program has 20 tiers at most",
    "code_taken": "another promo has this code; 'regulars promos list' shows them",
    "assignment_not_found": "the promo is not assigned to this customer",
    "endpoint_not_found": "'regulars webhooks list' shows the numbers",
    "invalid_url": "write it as https://shop.example/hook without a user, with port 443 or one from 1024 on; "
    "others need REGULARS_WEBHOOKS_TO_PRIVATE_ADDRESSES",
    "invalid_filter": "--type is a type of events, all of one kind (loan.*), or * for everything; "
    "'regulars webhooks types' shows them",
    "invalid_description": "--description is printable, on one line, and has 200 characters at most",
    "event_not_found": "'regulars webhooks events' shows the ids of those that are kept",
    "delivery_not_found": "'regulars webhooks deliveries' shows the ids of those that there are",
    "unreadable_secret": "it was sealed with another secret key of the server: 'regulars webhooks rotate'",
    "invalid_product_slug": "a slug is 1 to 100 of a-z, 0-9, - and _, and begins with a letter or a digit",
    "product_taken": "another product has this slug or this id",
    "product_not_found": "'regulars products list' shows those that the program has",
    "flag_not_found": "'regulars referrals flags' shows those that are open",
    "flag_decided": "somebody has decided otherwise before, and a flag is decided once",
    "reward_not_found": "no reward is known for this order",
    "reward_is_not_cash": "store credit counts as paid when it is spent",
    "reward_not_payable": "it is still held, or was cancelled",
    "invalid_amount": "it has more decimals than the currency, or is too large",
}

SCHEME_FIELDS = {
    "period_days": "--period-days is from 1 to 3650",
    "staff_wet_percent": f"--staff: {_PERCENT}",
    "staff_dry_percent": f"--staff: {_PERCENT}",
    "tier_id": "the lowest tier must have a rule, and each tier one at most",
    "visits_min": "the lowest tier begins at 0 visits, and each tier above it at more than the one below, "
    "100,000 at most",
    "wet_percent": f"--tier: {_PERCENT}",
    "dry_percent": f"--tier: {_PERCENT}",
}

_DISCOUNT = f"a promo code gives --wet or --dry, and a bonus neither; {_PERCENT}"
_RAISE = (
    "a bonus has --add-wet or --add-dry, or a --multiplier above 1 up to 100, and a promo code none of them"
)
_LIMIT = "a limit is from 1 on; none takes it away"

PROMO_FIELDS = {
    "kind": "it is promo_code or loyalty_bonus",
    "code": "a code is 1 to 64 characters that can be seen",
    "name": "a name is 1 to 200 characters on one line",
    "description": "--description has 2000 characters at most",
    "active": "it is on or off",
    "requires_membership": "--members-only is on or off",
    "assigned_only": "--assigned-only is on or off",
    "valid_from": "--valid-from is a moment on the hotel's clock",
    "valid_until": "--valid-until is not before --valid-from",
    "time_from": "--time-from is a time on the hotel's clock",
    "time_until": "--time-until is another time than --time-from",
    "weekdays": "--days are days of the week",
    "min_spend_minor": "--minimum-spend is from 0 on, and not too large",
    "wet_percent": _DISCOUNT,
    "dry_percent": _DISCOUNT,
    "bonus_multiplier": _RAISE,
    "bonus_add_wet": f"{_RAISE}; {_PERCENT}",
    "bonus_add_dry": f"{_RAISE}; {_PERCENT}",
    "usage_limit": f"--limit: {_LIMIT}",
    "usage_limit_per_customer": f"--limit-per-customer: {_LIMIT}",
    "location_ids": "--location names a location of the program",
    "expires_at": "--until is a moment on the hotel's clock",
}

_FIELDS = {"invalid_scheme": SCHEME_FIELDS, "invalid_promo": PROMO_FIELDS}


def sentence_of(refused: Refused) -> str:
    """The refusal on one line: its code in words, and the rule that was broken where one is known."""
    words = f"refused: {refused.code.replace('_', ' ')}"
    rule = _FIELDS.get(refused.code, {}).get(refused.details.get("field", "")) or SENTENCES.get(refused.code)
    if rule is not None:
        return f"{words}: {rule}"
    return f"{words} {refused.details or ''}".strip()
