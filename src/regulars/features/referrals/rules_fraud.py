"""What looks like fraud. Pure decisions about what was seen; each threshold is the policy's."""

from msgspec import Struct

from regulars.features.referrals.model import Policy, Rule

JUDGED_MAX = 100
"""So many of a RID's newest orders are looked at for their sources."""
BUYERS_COUNTED_MAX = 100
"""So many of a device's buyers are counted."""


class Sighted(Struct, frozen=True):
    """What is known when an order is about to be paid.

    `buyers_of_device` counts the buyers seen behind the device lately, this one included.
    """

    buyer_is_owner: bool
    owner_has_device: bool
    owner_has_address: bool
    buyers_of_device: int


class Hit(Struct, frozen=True):
    """A rule that was broken, and the figure that broke it, where it has one."""

    rule: Rule
    observed: int | None = None


def hits_at_checkout(sighted: Sighted, policy: Policy) -> list[Hit]:
    """What is wrong with an order that is about to be paid.

    Where owners may buy by their own RIDs, nothing about them is wrong.
    """
    hits: list[Hit] = []
    if policy.blocks_self_purchase:
        if sighted.buyer_is_owner:
            hits.append(Hit(Rule.SELF_PURCHASE))
        elif sighted.owner_has_device:
            hits.append(Hit(Rule.SHARED_DEVICE))
        elif sighted.owner_has_address:
            hits.append(Hit(Rule.SHARED_ADDRESS))
    return hits + hits_of_device(sighted.buyers_of_device, policy)


def hits_of_device(buyers: int, policy: Policy) -> list[Hit]:
    """What is wrong with an order from a device that so many buyers have, the order's own included."""
    if buyers > policy.buyers_per_device_max:
        return [Hit(Rule.DEVICE_OF_MANY_BUYERS, buyers)]
    return []


def hits_at_purchase(conversions: int, sources: int, policy: Policy) -> list[Hit]:
    """What is wrong with a RID after another order was paid: many orders come from hardly anybody."""
    if conversions >= policy.sources_judged_from and sources < policy.sources_min:
        return [Hit(Rule.FEW_SOURCES, sources)]
    return []


def flood(policy: Policy) -> Hit:
    """One source has made more events in an hour than are believed."""
    return Hit(Rule.EVENT_FLOOD, policy.events_per_hour_max + 1)
