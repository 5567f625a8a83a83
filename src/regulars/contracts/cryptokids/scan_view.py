"""What the scan page says for each kind of token and each state it can be in. Pure: values in, a view out."""

from collections.abc import Sequence

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """One line of the summary. `key` names the lines that the page's script updates."""

    label: str
    value: str
    key: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page's template shows. Without `post` there is nothing to do but read."""

    state: str
    tone: str
    badge: str
    title: str
    message: str
    token: str = ""
    post: str = ""
    asks_for_key: bool = False
    button: str = ""
    image_url: str = ""
    note: str = ""
    facts: tuple[Fact, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """A template of an earn token, with the points it is worth today."""

    title: str
    points: int
    count: int


class Request(msgspec.Struct, frozen=True):
    """What a spend token asks for, and the member's balance now."""

    hold_id: str
    user_id: str
    status: str
    item: str
    image_url: str
    cost: int
    balance: int
    note: str = ""


def points_text(amount: int) -> str:
    """ "1 point", "1,200 points"."""
    return f"{amount:,} point" if amount == 1 else f"{amount:,} points"


def unusable_view(code: str) -> View:
    """The page for a token that is missing, expired, or not one of ours."""
    badge, title, message = _UNUSABLE.get(code, _UNREADABLE)
    return View(state="unusable", tone="bad", badge=badge, title=title, message=message)


def give_view(token: str, user_id: str, amount: int, note: str) -> View:
    """The page that collects a gift as soon as it opens."""
    return View(
        state="give",
        tone="calm",
        badge="Points for you",
        title=points_text(amount),
        message="One moment…",
        token=token,
        post="/api/earn/scan",
        button="Collect the points",
        note=note,
        facts=(Fact("For", user_id), Fact("Points", f"{amount:,}"), Fact("Balance", "…", "balance")),
    )


def earn_view(token: str, user_id: str, tasks: Sequence[Task], note: str) -> View:
    """The page on which a parent confirms what a child has done."""
    total = sum(task.points * task.count for task in tasks)
    lines = tuple(Fact(f"{task.count} × {task.title}", f"{task.points * task.count:,}") for task in tasks)
    return View(
        state="earn",
        tone="calm",
        badge="Waiting for a parent",
        title=f"{points_text(total)} for {user_id}?",
        message="A parent confirms that this was done.",
        token=token,
        post="/api/earn/scan",
        asks_for_key=True,
        button=f"Give {points_text(total)}",
        note=note,
        facts=(*lines, Fact("Total", f"{total:,}")),
    )


def spend_view(token: str, request: Request) -> View:
    """The page on which a parent approves a reward, or reads that it is no longer to be approved."""
    facts = (
        Fact("For", request.user_id),
        Fact("Reward", request.item),
        Fact("Cost", f"{request.cost:,}", "cost"),
        Fact("Balance", f"{request.balance:,}", "balance"),
    )
    if request.status != "pending":
        badge, title = _CLOSED.get(request.status, _CLOSED["canceled"])
        tone = "good" if request.status == "redeemed" else "bad"
        return View(
            state="closed", tone=tone, badge=badge, title=title, message="There is nothing left to do.",
            image_url=request.image_url, facts=facts,
        )  # fmt: skip
    return View(
        state="spend",
        tone="calm",
        badge="Waiting for a parent",
        title=request.item,
        message=f"{request.user_id} would like this for {points_text(request.cost)}.",
        token=token,
        post=f"/api/holds/{request.hold_id}/approve",
        asks_for_key=True,
        button=f"Approve for {points_text(request.cost)}",
        image_url=request.image_url,
        note=request.note,
        facts=(*facts, Fact("After approval", f"{request.balance - request.cost:,}", "after")),
    )


_CLOSED = {
    "redeemed": ("Approved", "This reward was approved already"),
    "canceled": ("Cancelled", "This request was cancelled"),
    "expired": ("Expired", "This request is too old"),
}

_UNREADABLE = ("Not a code", "This code cannot be read", "Ask for a new one and scan it again.")
_UNUSABLE = {
    "MISSING": ("Not a code", "No code to read", "Scan the code again, or ask for a new one."),
    "EXPIRED": ("Expired", "This code is too old", "Codes last a short while. Ask for a new one."),
    "UNAVAILABLE": ("One moment", "The server is busy", "Open the code again in a moment."),
    "TEMPLATE_MISSING": ("Gone", "This task no longer exists", "Ask for a new code."),
}
