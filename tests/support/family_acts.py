"""What tests of holds and tokens do over and over."""

from typing import Any

from regulars.db.database import DatabaseUnavailable
from regulars.features.rewards import actions as rewards
from regulars.features.rewards.model import TemplateChanges
from tests.support.family import Answer, Family, ok
from tests.support.ledger import NOW


class DownLedger:
    """A ledger whose database does not answer."""

    async def post(self, program_id: int, command: object) -> None:
        """Raises what the real one raises then."""
        raise DatabaseUnavailable("the database is away")


async def approve(home: Family, hold: dict[str, Any], **more: Any) -> Answer:
    """The answer to the hold's token; `hold_id` puts another hold into the address."""
    path = f"/api/holds/{more.pop('hold_id', hold['holdId'])}/approve"
    return await home.post(path, {"token": hold["token"], **more}, role=None)


async def cancel(home: Family, hold: dict[str, Any], body: Any = None, **more: Any) -> Answer:
    """The answer to a cancellation."""
    return await home.post(f"/api/holds/{hold['holdId']}/cancel", {} if body is None else body, **more)


async def earn_token(home: Family, **changes: Any) -> str:
    """A token for two times the family's template, made by the child."""
    body = {"userId": "leo", "templates": [{"id": home.template_id, "count": 2}], **changes}
    token: str = ok(await home.post("/api/tokens/earn", body, key=None))["token"]
    return token


async def give_token(home: Family, **changes: Any) -> str:
    """A token for four points, made by the admin."""
    body = {"userId": "leo", "amount": 4, **changes}
    token: str = ok(await home.post("/api/tokens/give", body, role=None))["token"]
    return token


async def scan(home: Family, token: object, key: str | None = "admin") -> Answer:
    """The answer to a scanned token."""
    return await home.post("/api/earn/scan", {"token": token}, key=key, role=None)


async def change_template(home: Family, **changes: Any) -> None:
    """Sets fields of the family's template."""
    async with home.database.transaction() as connection:
        await rewards.update_template(
            connection, home.program_id, home.template_id, TemplateChanges(**changes), now=NOW
        )
