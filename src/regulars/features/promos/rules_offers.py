"""Which promos a customer gets without asking: the codes that a till may offer, and the bonus."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from regulars.features.promos.model import Assignment, Offer, Promo, PromoKind, Rates, Uses
from regulars.features.promos.rules import is_past, objection
from regulars.features.promos.rules_rates import best_bonus

_UNUSED = Uses()


def available_promos(
    promos: Iterable[Promo],
    assignments: Iterable[Assignment],
    *,
    at: datetime,
    location_id: int,
    uses: Mapping[int, Uses],
) -> list[Offer]:
    """The promo codes that are valid now and here for a known customer, in the order given, none twice.

    One that was assigned to the customer is targeted; one that is for assigned customers only is not shown
    to others. The minimum spend is left out: the bill is not known yet. `uses` may lack unused promos.
    """
    given = _standing(assignments, at)
    offers: dict[int, Offer] = {}
    for promo in promos:
        assignment = given.get(promo.promo_id)
        targeted = assignment is not None
        if promo.kind is PromoKind.PROMO_CODE and _is_open(promo, at, location_id, uses, targeted):
            expires_at = assignment.expires_at if assignment else None
            offers.setdefault(promo.promo_id, Offer(promo, targeted, expires_at))
    return list(offers.values())


def applied_bonus(
    base: Rates,
    promos: Iterable[Promo],
    assignments: Iterable[Assignment],
    *,
    at: datetime,
    location_id: int,
    uses: Mapping[int, Uses],
) -> Promo | None:
    """The bonus that a known customer gets by identifying alone, or None.

    It is general, which means that it says it needs membership, or it was assigned to this customer; it is
    valid now and here; and it is the best of those (see `best_bonus`). `uses` may lack unused promos.
    """
    given = _standing(assignments, at)
    candidates = [
        promo
        for promo in promos
        if promo.kind is PromoKind.LOYALTY_BONUS
        and (promo.promo_id in given or promo.requires_membership)
        and _is_open(promo, at, location_id, uses, promo.promo_id in given)
    ]
    return best_bonus(base, candidates)


def limited_promo_ids(promos: Iterable[Promo], *, at: datetime, location_id: int) -> list[int]:
    """Those whose uses must be known before anything is offered: open now and here, and limited."""
    return [
        promo.promo_id
        for promo in promos
        if (promo.usage_limit is not None or promo.usage_limit_per_customer is not None)
        and _is_open(promo, at, location_id, {}, True)
    ]


def is_assigned(promo: Promo, assignments: Sequence[Assignment], at: datetime) -> bool:
    """Whether the promo was assigned to the customer whose assignments these are, and still is."""
    return promo.promo_id in _standing(assignments, at)


def _standing(assignments: Iterable[Assignment], at: datetime) -> dict[int, Assignment]:
    """The assignments that have not expired, by promo."""
    return {
        assignment.promo_id: assignment
        for assignment in assignments
        if not is_past(assignment.expires_at, at)
    }


def _is_open(promo: Promo, at: datetime, location_id: int, uses: Mapping[int, Uses], assigned: bool) -> bool:
    """Whether a known customer may use it."""
    reason = objection(
        promo,
        at=at,
        location_id=location_id,
        member=True,
        total_minor=None,
        uses=uses.get(promo.promo_id, _UNUSED),
        assigned=assigned,
    )
    return reason is None
