"""What customers' pages and Apple's web service say about themselves in the OpenAPI document."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from regulars.contracts.sessions.descriptions import TOO_MANY_REQUESTS, error
from regulars.http.openapi import Content, HeaderParameter, Operation

PAGE = "text/html"


def page(description: str) -> Content:
    """An answer for people."""
    return Content(description, media_type=PAGE)


_UNKNOWN = page("A page that says that there is no such card.")
_TOO_MANY = page("A page that asks whoever guesses to wait.")
_NOT_YET = page("A page that says that the operator has not set this up.")
_LATER = page("A page that asks to come back later.")

WALLET = Operation(
    summary="Show a customer's page",
    description="With `.png` behind the token, the card's QR code as a picture.",
    answers={200: page("The page."), 404: _UNKNOWN, 429: _TOO_MANY, 503: _LATER},
)
APPLE_CARD = Operation(
    summary="Download a card for Apple Wallet",
    answers={
        200: Content("The signed card.", media_type="application/vnd.apple.pkpass"),
        404: _UNKNOWN,
        429: _TOO_MANY,
        501: _NOT_YET,
        503: _LATER,
    },
)
GOOGLE_CARD = Operation(
    summary="Save a card to Google Wallet",
    answers={302: None, 404: _UNKNOWN, 429: _TOO_MANY, 501: _NOT_YET, 503: _LATER},
)
JOIN = Operation(
    summary="Go from a card to the purchase of a membership",
    description="On to Stripe's checkout, or back to the card for a member.",
    answers={302: None, 404: _UNKNOWN, 429: _TOO_MANY, 503: _LATER},
)


class RegistrationBody(Struct, frozen=True, rename="camel"):
    """Where a phone is told of changes."""

    push_token: Annotated[str, Meta(description="Apple's name for the phone and the card.")]


class SerialsQuery(Struct, frozen=True, rename={"passes_updated_since": "passesUpdatedSince"}):
    """The tag that the phone was given last."""

    passes_updated_since: str | None = None


class SerialsAnswer(Struct, frozen=True, rename="camel"):
    """Cards that have changed, and the tag to ask with next time."""

    serial_numbers: list[str]
    last_updated: str


class LogBody(Struct, frozen=True):
    """What a phone has to report."""

    logs: Annotated[list[Any], Meta(description="Sentences.")] = []


_PROOF = (HeaderParameter("authorization", "`ApplePass` and the card's own token."),)
_NO_PROOF = Content("The token is not the card's.", media_type="text/plain")
_NOT_SET_UP = error("apple_wallet_not_configured")

REGISTER = Operation(
    summary="Register a phone for a card's changes",
    body=RegistrationBody,
    headers=_PROOF,
    answers={
        200: Content("It was registered already.", media_type="text/plain"),
        201: Content("It is registered.", media_type="text/plain"),
        400: error("invalid_json", "pushToken_required", "invalid_push_token", "invalid_device"),
        401: _NO_PROOF,
        429: TOO_MANY_REQUESTS,
        501: _NOT_SET_UP,
    },
)
UNREGISTER = Operation(
    summary="Unregister a phone",
    headers=_PROOF,
    answers={
        200: Content("It is not registered.", media_type="text/plain"),
        401: _NO_PROOF,
        429: TOO_MANY_REQUESTS,
        501: _NOT_SET_UP,
    },
)
SERIALS = Operation(
    summary="List a phone's cards that have changed",
    query=SerialsQuery,
    answers={200: SerialsAnswer, 204: None, 501: _NOT_SET_UP},
)
FETCH = Operation(
    summary="Fetch a card as it is now",
    headers=(*_PROOF, HeaderParameter("if-modified-since", "The Last-Modified of the card it has.")),
    answers={
        200: Content("The signed card.", media_type="application/vnd.apple.pkpass"),
        304: None,
        401: _NO_PROOF,
        429: TOO_MANY_REQUESTS,
        501: _NOT_SET_UP,
    },
)
LOG = Operation(
    summary="Take in what a phone reports",
    body=LogBody,
    answers={
        200: Content("Taken in.", media_type="text/plain"),
        400: error("invalid_json", "invalid_logs"),
        429: TOO_MANY_REQUESTS,
    },
)
