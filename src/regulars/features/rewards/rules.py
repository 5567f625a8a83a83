"""What may stand in the reward catalogue. Each rule returns the value as it is kept, or raises Refused."""

import re
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from regulars.base.refusals import Refused
from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.rewards.model import RewardChanges, TemplateChanges

NAME_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 2000
URL_LENGTH_MAX = 2048
COST_MIN = 0
"""A reward may be free: a page that lists "a hug" sends 0, and a hold of 0 points is a hold."""
POINTS_MIN = 1
SORT_ORDER_MAX = 1_000_000

_NOT_KEPT = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL cannot hold in a text: the NUL character and halves of surrogate pairs."""
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\\]")

T = TypeVar("T")


def checked_reward(changes: RewardChanges) -> RewardChanges:
    """The changes with texts trimmed and empty ones as None.

    Refusals, in this order: `no_fields`, `invalid_name`, `invalid_cost`, `invalid_description`,
    `invalid_url` (with `field`).
    """
    if changes == RewardChanges():
        raise Refused("no_fields")
    return RewardChanges(
        name=UNSET if changes.name is UNSET else checked_name(changes.name, "invalid_name"),
        cost=UNSET
        if changes.cost is UNSET
        else checked_integer(changes.cost, COST_MIN, AMOUNT_MAX, "invalid_cost"),
        description=checked_description(changes.description),
        image_url=checked_url(changes.image_url, "image_url"),
        youtube_url=checked_url(changes.youtube_url, "youtube_url"),
        active=changes.active,
    )


def checked_template(changes: TemplateChanges) -> TemplateChanges:
    """The changes with texts trimmed and empty ones as None.

    Refusals, in this order: `no_fields`, `invalid_title`, `invalid_points`, `invalid_sort_order`,
    `invalid_description`, `invalid_url` (with `field`).
    """
    if changes == TemplateChanges():
        raise Refused("no_fields")
    return TemplateChanges(
        title=UNSET if changes.title is UNSET else checked_name(changes.title, "invalid_title"),
        points=(
            UNSET
            if changes.points is UNSET
            else checked_integer(changes.points, POINTS_MIN, AMOUNT_MAX, "invalid_points")
        ),
        sort_order=(
            UNSET
            if changes.sort_order is UNSET
            else checked_integer(
                changes.sort_order,
                -SORT_ORDER_MAX,
                SORT_ORDER_MAX,
                "invalid_sort_order",
            )
        ),
        description=checked_description(changes.description),
        youtube_url=checked_url(changes.youtube_url, "youtube_url"),
        active=changes.active,
    )


def checked_name(name: str, code: str) -> str:
    """The name without blanks around it: 1 to 200 characters. Refuses with `code`."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= NAME_LENGTH_MAX or _NOT_KEPT.search(trimmed):
        raise Refused(code)
    return trimmed


def checked_integer(value: int, smallest: int, largest: int, code: str) -> int:
    """The value, which has to be an integer and no boolean. Refuses with `code`."""
    if type(value) is not int or not smallest <= value <= largest:
        raise Refused(code)
    return value


def checked_description(description: str | None | UnsetType) -> str | None | UnsetType:
    """The description without blanks around it, None for an empty one. Refuses with `invalid_description`."""
    if description is UNSET or description is None:
        return description
    trimmed = description.strip()
    if len(trimmed) > DESCRIPTION_LENGTH_MAX or _NOT_KEPT.search(trimmed):
        raise Refused("invalid_description")
    return trimmed or None


def checked_url(url: str | None | UnsetType, field: str) -> str | None | UnsetType:
    """The address without blanks around it, None for an empty one. Refuses with `invalid_url`.

    An address goes into links and pictures of pages, so it is http, https or a path on this site:
    anything else could run a script (`javascript:`) or leave the site unseen (`//elsewhere`).
    """
    if url is UNSET or url is None:
        return url
    trimmed = url.strip()
    if trimmed and not is_safe_url(trimmed):
        raise Refused("invalid_url", field=field)
    return trimmed or None


def is_safe_url(url: str) -> bool:
    """Whether a page may show this address as a link or a picture."""
    # Browsers drop some control characters and read a backslash as a slash, which changes what the
    # rest of the address means; so they are refused before anything is read.
    if len(url) > URL_LENGTH_MAX or _NOT_IN_URLS.search(url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
