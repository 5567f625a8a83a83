"""What the ledger tells others, in the words of the catalogue of events: each transfer, under its own id."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from regulars.features.ledger.model import AccountState, Transfer, Verb
from regulars.features.webhooks import catalogue
from regulars.features.webhooks.catalogue import EventType
from regulars.features.webhooks.catalogue_data import TransferData
from regulars.features.webhooks.model import Event

KINDS: dict[Verb, EventType[TransferData]] = {
    Verb.EARN: catalogue.TRANSFER_EARNED,
    Verb.REDEEM: catalogue.TRANSFER_REDEEMED,
    Verb.ADJUST: catalogue.TRANSFER_ADJUSTED,
    Verb.REFUND: catalogue.TRANSFER_REFUNDED,
    Verb.RESERVE: catalogue.TRANSFER_RESERVED,
    Verb.CAPTURE: catalogue.TRANSFER_CAPTURED,
    Verb.RELEASE: catalogue.TRANSFER_RELEASED,
    Verb.EXPIRE: catalogue.TRANSFER_EXPIRED,
    Verb.CLAWBACK: catalogue.TRANSFER_CLAWED_BACK,
}


def told(transfers: Iterable[Transfer], accounts: Mapping[UUID, AccountState]) -> list[Event]:
    """One event for each transfer, in their order; `accounts` are theirs by their ids."""
    return [_event(transfer, accounts[transfer.account_id]) for transfer in transfers]


def _event(transfer: Transfer, account: AccountState) -> Event:
    data = TransferData(
        transfer_id=transfer.transfer_id,
        member_id=account.reference.member_id,
        asset=account.reference.asset,
        location_id=account.reference.location_id or None,
        action=transfer.action,
        amount=transfer.amount,
        balance_after=transfer.balance_after,
        version=transfer.version,
        parent_id=transfer.parent_id,
        hold_id=transfer.hold_id,
        effective_at=transfer.created_at,
    )
    return Event(KINDS[transfer.verb].name, data, transfer.created_at, transfer.transfer_id)
