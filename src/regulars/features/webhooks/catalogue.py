"""Every event that there is: its type, what it is about, and when it happens.

`docs/events.md` is printed from it. An event of a type that is not in here is a programming error; types and
fields are added and never changed, because others have written programs that read them.
"""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from regulars.features.webhooks.catalogue_data import (
    ClickData,
    ConversionData,
    EndpointData,
    FraudFlagData,
    LoanData,
    MembershipData,
    RewardPayableData,
    SwapData,
    TestData,
    TierData,
    TransferData,
)
from regulars.features.webhooks.model import Event

D = TypeVar("D", bound=Struct)


class EventType(Struct, Generic[D], frozen=True):
    """A type of events: its name, the struct of its data, and when it happens."""

    name: str
    data: type[D]
    meaning: str

    def of(self, data: D, occurred_at: datetime) -> Event:
        """An event of this type."""
        return Event(self.name, data, occurred_at)


TRANSFER_EARNED = EventType("transfer.earned", TransferData, "A member earned something.")
TRANSFER_REDEEMED = EventType("transfer.redeemed", TransferData, "A member spent something.")
TRANSFER_REFUNDED = EventType("transfer.refunded", TransferData, "What was spent was given back.")
TRANSFER_ADJUSTED = EventType("transfer.adjusted", TransferData, "A balance was put right by hand.")
TRANSFER_RESERVED = EventType("transfer.reserved", TransferData, "Something was set aside under a hold.")
TRANSFER_CAPTURED = EventType("transfer.captured", TransferData, "What was set aside was spent.")
TRANSFER_RELEASED = EventType("transfer.released", TransferData, "What was set aside is available again.")
TRANSFER_EXPIRED = EventType("transfer.expired", TransferData, "A hold lapsed: it is available again.")
TRANSFER_CLAWED_BACK = EventType(
    "transfer.clawed_back", TransferData, "What was granted before was taken back, or what is owed was paid."
)

TIER_CHANGED = EventType(
    "tier.changed", TierData, "A member has another tier, by a visit or because visits no longer count."
)

MEMBERSHIP_STARTED = EventType("membership.started", MembershipData, "A membership begins to give something.")
MEMBERSHIP_RENEWED = EventType("membership.renewed", MembershipData, "A new period of a membership began.")
MEMBERSHIP_CHANGED = EventType(
    "membership.changed", MembershipData, "A live membership has another status, such as a late payment."
)
MEMBERSHIP_ENDED = EventType("membership.ended", MembershipData, "A membership gives nothing any more.")

LOAN_CHECKED_OUT = EventType("loan.checked_out", LoanData, "A garment was taken along.")
LOAN_RETURNED = EventType("loan.returned", LoanData, "A garment came back.")
LOAN_SWAPPED = EventType("loan.swapped", SwapData, "A garment came back, and another was taken in its place.")
LOAN_DUE_SOON = EventType("loan.due_soon", LoanData, "A garment will be due in a few days. Told once.")
LOAN_OVERDUE = EventType("loan.overdue", LoanData, "A garment should have come back. Told once.")

REFERRAL_CLICK = EventType("referral.click", ClickData, "Somebody followed a referral link.")
REFERRAL_CONVERSION = EventType(
    "referral.conversion", ConversionData, "An order that came by a referral was paid."
)
REFERRAL_REWARD_PAYABLE = EventType(
    "referral.reward_payable",
    RewardPayableData,
    "An order can no longer come back, and its referrer has the reward.",
)
REFERRAL_FRAUD_FLAG = EventType(
    "referral.fraud_flag", FraudFlagData, "A referral, or an order that came by it, looks like fraud."
)

WEBHOOK_DISABLED = EventType(
    "webhook.disabled", EndpointData, "An endpoint is told nothing more, which others are told."
)
WEBHOOK_TEST = EventType("webhook.test", TestData, "An operator tries an endpoint out.")

CATALOGUE: dict[str, EventType[Struct]] = {
    kind.name: kind for kind in list(globals().values()) if isinstance(kind, EventType)
}
"""All of them by their names, in the order of the documentation."""
