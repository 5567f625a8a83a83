"""Loans and members as this contract writes them."""

from datetime import datetime
from typing import Any

import msgspec

from regulars.contracts.rejoes.context import moment
from regulars.contracts.rejoes.wire import (
    AddedMemberRow,
    AllowancesRow,
    CardAnswer,
    GalleryLoanRow,
    GalleryRow,
    LoanRow,
    MemberRow,
    NewMemberRow,
    SwapAnswer,
)
from regulars.features.lending.model import Borrower, Customer, LoanWithPhotos, Plan, Swapped, Wardrobe
from regulars.features.photos import actions as photos
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.model import Photo
from regulars.http.addresses import base_url
from regulars.http.requests import HttpRequest, services


class Rows:
    """Writes rows whose photos can be opened by whoever gets this answer."""

    def __init__(self, request: HttpRequest, now: datetime) -> None:
        self._base, self._now = base_url(request), now
        self._library: PhotoLibrary = services(request).photos

    def loan(self, lent: LoanWithPhotos) -> LoanRow:
        """The loan without its gallery."""
        return LoanRow(**self._fields(lent))

    def gallery_loan(self, lent: LoanWithPhotos) -> GalleryLoanRow:
        """The loan with its gallery."""
        gallery = [_gallery_row(photo) for photo in lent.photos[1:]]
        return GalleryLoanRow(**self._fields(lent), gallery=gallery)

    def swap(self, swapped: Swapped) -> SwapAnswer:
        """Both loans of a swap."""
        return SwapAnswer(
            returnedLoan=self.gallery_loan(swapped.returned), newLoan=self.gallery_loan(swapped.new)
        )

    def card(self, customer: Customer, wardrobe: Wardrobe, plan: Plan) -> CardAnswer:
        """A member with all loans, what the plan allows, and what is out."""
        loans = [(lent, self.gallery_loan(lent)) for lent in wardrobe.loans]
        borrower = customer.borrower
        return CardAnswer(
            member=MemberRow(
                id=str(borrower.member_id),
                cardToken=customer.card_token or "",
                shopifyCustomerId=customer.shopify_customer_id,
                **_standing(borrower),
                createdAt=moment(borrower.created_at),
                updatedAt=moment(borrower.updated_at),
                loans=[row for _, row in loans],
            ),
            allowances=AllowancesRow(
                itemsPerMonth=plan.items_per_cycle, swaps=plan.swaps_per_cycle, maxItemsOut=plan.items_out_max
            ),
            activeLoans=[row for lent, row in loans if lent.loan.returned_at is None],
        )

    def _fields(self, lent: LoanWithPhotos) -> dict[str, Any]:
        loan, first = lent.loan, lent.photos[0] if lent.photos else None
        return {
            "id": str(loan.loan_id),
            "memberId": str(loan.member_id),
            "storeLocation": loan.store_location,
            "photoUrl": self._address(first, thumbnail=False),
            "thumbnailUrl": self._address(first, thumbnail=True),
            "checkoutAt": moment(loan.checked_out_at),
            "dueDate": moment(loan.due_at),
            "returnedAt": None if loan.returned_at is None else moment(loan.returned_at),
            "createdAt": moment(loan.checked_out_at),
        }

    def _address(self, photo: Photo | None, *, thumbnail: bool) -> str:
        """Where the photo is seen; nowhere, once its member was erased."""
        if photo is None:
            return ""
        address = photos.address_of(self._library, photo, thumbnail=thumbnail, now=self._now)
        return f"{self._base}{address}" if address.startswith("/") else address


def new_member(customer: Customer) -> NewMemberRow:
    """A member who has just been enrolled."""
    return NewMemberRow(
        id=str(customer.borrower.member_id),
        cardToken=customer.card_token or "",
        **_standing(customer.borrower),
    )


def added_member(customer: Customer) -> AddedMemberRow:
    """The same with the shop's id."""
    row = new_member(customer)
    return AddedMemberRow(**msgspec.structs.asdict(row), shopifyCustomerId=customer.shopify_customer_id)


def _gallery_row(photo: Photo) -> GalleryRow:
    metadata = {
        "originalName": photo.original_name or "",
        "mimeType": photo.received_mime_type or "",
        "size": photo.received_bytes or photo.size_bytes,
    }
    return GalleryRow(
        id=str(photo.photo_id),
        r2Key=photos.stored_path(photo),
        metadata=msgspec.json.encode(metadata).decode(),
    )


def _standing(borrower: Borrower) -> dict[str, Any]:
    return {
        "tier": borrower.plan,
        "status": str(borrower.status),
        "cycleStart": moment(borrower.cycle_starts_at),
        "cycleEnd": moment(borrower.cycle_ends_at),
        "itemsUsed": borrower.items_used,
        "swapsUsed": borrower.swaps_used,
        "itemsOut": borrower.items_out,
    }
