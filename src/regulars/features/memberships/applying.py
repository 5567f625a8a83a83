"""What Stripe said becomes of a membership, its grant and what has to come back: one transaction."""

from datetime import datetime

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.ledger.actions import Books, transact
from regulars.features.ledger.model import Adjust, Attribution, Earn, Posted, TakeBack
from regulars.features.memberships import events, rules, store, store_periods
from regulars.features.memberships.model import (
    CONSUMER,
    Membership,
    PaidPeriod,
    PeriodCharge,
    Picture,
)
from regulars.features.passes import actions as passes
from regulars.features.payments import actions as payments
from regulars.features.payments.model import Event
from regulars.features.webhooks import actions as webhooks

GRANT = "membership_grant"
TAKE_BACK = "membership_take_back"
GIVE_BACK = "membership_give_back"


async def apply(connection: Connection, picture: Picture, event: Event, clock: Clock) -> None:
    """Writes down what Stripe said, once for the event; durable when this returns.

    `connection` is idle and in autocommit mode.
    """
    now = clock()

    async def work(pipeline: Pipeline) -> None:
        owner, subscription_id = picture.owner, picture.subscription.subscription_id
        fresh = payments.send_event(pipeline, owner.program_id, CONSUMER, event, now)
        store.send_new(pipeline, picture, now)
        locked = store.send_lock(pipeline, owner.program_id, subscription_id)
        if picture.paid_invoice is None:
            await pipeline.flush()
            if fresh.rows:
                _write(pipeline, _membership(locked), rules.as_told(_membership(locked), picture), now)
            return
        payment = _Payment(pipeline, picture)
        await payment.open(clock)
        if fresh.rows:
            payment.settle(_membership(locked))

    await transact(connection, work)


class _Payment:
    """A paid period: what it grants, and what of that has to come back."""

    def __init__(self, pipeline: Pipeline, picture: Picture) -> None:
        invoice = picture.paid_invoice
        assert invoice is not None and invoice.period is not None, "there is a payment"
        self._pipeline, self._picture, self._invoice = pipeline, picture, invoice
        self._owner = picture.owner
        self._subscription_id = picture.subscription.subscription_id
        self._start = invoice.period.start
        self._claim = rules.grant_claim(self._subscription_id, self._start)
        self._attribution = Attribution(
            "membership", metadata={"subscription": self._subscription_id, "invoice": invoice.invoice_id}
        )

    async def open(self, clock: Clock) -> None:
        """Reads the period and opens the account, with all that was sent before."""
        self._period, self._charges = store_periods.send_reading(
            self._pipeline, self._owner.program_id, self._subscription_id, self._start
        )
        self._books = await Books.open(
            self._pipeline, self._owner.program_id, [self._owner.account], clock, claims=[self._claim]
        )

    def settle(self, before: Membership) -> None:
        """Decides and sends all that follows."""
        now, program_id = self._books.now, self._owner.program_id
        known = store_periods.period_in(self._period.rows)
        period = known or self._granted()
        charges, news = rules.charges_after(store_periods.charges_in(self._charges.rows), self._charge())
        settled = replace(period, taken_back=self._taken_back(period, rules.to_take_back(period, charges)))
        after = rules.as_told(before, self._picture)
        if after.period_start == self._start:
            after = replace(after, granted_period_start=self._start)
        self._books.send()
        if settled != known:
            store_periods.send_period(self._pipeline, program_id, settled, now)
        if news is not None:
            store_periods.send_charge(self._pipeline, program_id, news)
        _write(self._pipeline, before, after, now, rewards_changed=settled != known)

    def _granted(self) -> PaidPeriod:
        """The period with its rewards, which are granted now unless the monthly job did it before."""
        granted = 0
        if self._owner.rewards_per_period > 0:
            outcome = self._books.decide(
                Earn(
                    account=self._owner.account,
                    action=GRANT,
                    attribution=self._attribution,
                    claim=self._claim,
                    amount=self._owner.rewards_per_period,
                )
            )
            granted = outcome.transfer.amount if isinstance(outcome, Posted) else 0
        return PaidPeriod(
            subscription_id=self._subscription_id,
            period_start=self._start,
            invoice_id=self._invoice.invoice_id,
            # What was paid with an earlier credit was paid as well.
            paid_minor=self._invoice.paid_minor or self._invoice.total_minor,
            granted=granted,
        )

    def _taken_back(self, period: PaidPeriod, target: int) -> int:
        """How much is taken back in the end; takes what is missing, and gives back what is too much."""
        account, attribution = self._owner.account, self._attribution
        missing = target - period.taken_back
        if missing > 0:
            self._books.decide(
                TakeBack(account=account, action=TAKE_BACK, attribution=attribution, amount=missing)
            )
        elif missing < 0:
            self._books.decide(
                Adjust(account=account, action=GIVE_BACK, attribution=attribution, delta=-missing)
            )
        return target

    def _charge(self) -> PeriodCharge | None:
        charge = self._picture.charge
        if charge is None:
            return None
        return PeriodCharge(
            charge_id=charge.charge_id,
            subscription_id=self._subscription_id,
            period_start=self._start,
            refunded_minor=charge.refunded_minor,
            disputed=charge.disputed,
            question_number=self._picture.question_number,
        )


def _membership(locked: Sent) -> Membership:
    membership = store.membership_in(locked.rows)
    assert membership is not None, "it was inserted or there before"
    return membership


def _write(
    pipeline: Pipeline,
    before: Membership,
    after: Membership,
    now: datetime,
    *,
    rewards_changed: bool = False,
) -> None:
    """The membership, and the news for the member's pass and for those who want to be told."""
    if after != before:
        store.send_membership(pipeline, after, now)
        webhooks.emit(pipeline, after.program_id, events.told(before, after, now), now)
    if rewards_changed or after.status != before.status:
        reason = "rewards" if rewards_changed else "membership"
        passes.send_update(pipeline, after.program_id, after.member_id, after.location_id, reason, now)
