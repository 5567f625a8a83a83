"""What the reward catalogue talks about: rewards, earn templates, changes to them, and prices.

Costs and points are integers in the program's points.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Reward(Struct, frozen=True, kw_only=True):
    """Something that points are spent on. `image_url` and `youtube_url` are safe to put into a page."""

    program_id: int
    reward_id: int
    name: str
    description: str | None
    cost: int
    image_url: str | None
    youtube_url: str | None
    active: bool
    created_at: datetime
    updated_at: datetime


class RewardChanges(Struct, frozen=True, kw_only=True):
    """What to set on a reward; a field that is UNSET stays as it is, None empties it."""

    name: str | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    cost: int | UnsetType = UNSET
    image_url: str | None | UnsetType = UNSET
    youtube_url: str | None | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class EarnTemplate(Struct, frozen=True, kw_only=True):
    """Something that points are earned by. Lists show the lowest `sort_order` first."""

    program_id: int
    template_id: int
    title: str
    points: int
    description: str | None
    youtube_url: str | None
    active: bool
    sort_order: int
    created_at: datetime
    updated_at: datetime


class TemplateChanges(Struct, frozen=True, kw_only=True):
    """What to set on an earn template; a field that is UNSET stays as it is, None empties it."""

    title: str | UnsetType = UNSET
    points: int | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    youtube_url: str | None | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    sort_order: int | UnsetType = UNSET


class PricedTemplate(Struct, frozen=True):
    """An earn template as it was when it was priced, and how many times it was done."""

    template_id: int
    title: str
    points: int
    count: int


class Pricing(Struct, frozen=True):
    """What a list of done templates is worth, and the templates it was added up from."""

    total: int
    templates: tuple[PricedTemplate, ...]


class TokenType(StrEnum):
    """What a signed token lets its bearer do."""

    EARN = "earn"
    GIVE = "give"
    SPEND = "spend"


class Token(Struct, frozen=True):
    """What a signed token says. `iat` (issued) and `exp` (expires) are seconds since 1970.

    `jti` names the token, so that it is used once; `data` is what it is bound to. The short names are
    those of the published payload.
    """

    typ: TokenType
    jti: str
    iat: int
    exp: int
    data: dict[str, Any]
