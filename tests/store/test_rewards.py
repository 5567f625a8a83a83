"""The reward catalogue and the earn templates, against PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access.actions import create_program
from regulars.features.rewards import actions
from regulars.features.rewards.model import EarnTemplate, Reward, RewardChanges, TemplateChanges

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LARGEST = 2**53 - 1


async def new_program(database: Database, slug: str) -> int:
    async with database.transaction() as connection:
        program = await create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="Europe/London", now=NOW
        )
    return program.program_id


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


async def new_reward(database: Database, program_id: int, **fields: Any) -> Reward:
    async with database.transaction() as connection:
        return await actions.create_reward(
            connection, program_id, **{"name": "Cinema", "cost": 10, "now": NOW, **fields}
        )


async def new_template(database: Database, program_id: int, **fields: Any) -> EarnTemplate:
    async with database.transaction() as connection:
        return await actions.create_template(
            connection, program_id, **{"title": "Dishes", "points": 3, "now": NOW, **fields}
        )


async def refusal(work: Any) -> str:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code


async def test_a_reward_is_kept_as_it_was_given(database: Database, program_id: int) -> None:
    reward = await new_reward(
        database,
        program_id,
        name=" Cinema 🎬 ",
        cost=LARGEST,
        description="One film",
        image_url="/photos/a.jpg",
        youtube_url="https://youtu.be/x",
    )
    assert reward == Reward(
        program_id=program_id,
        reward_id=1,
        name="Cinema 🎬",
        description="One film",
        cost=LARGEST,
        image_url="/photos/a.jpg",
        youtube_url="https://youtu.be/x",
        active=True,
        created_at=NOW,
        updated_at=NOW,
    )
    async with database.connection() as connection:
        assert await actions.find_reward(connection, program_id, 1) == reward


async def test_the_catalogue_is_cheapest_first(database: Database, program_id: int) -> None:
    for name, cost, active in [
        ("b", 5, True),
        ("c", 9, True),
        ("free", 0, True),
        ("a", 5, True),
        ("off", 1, False),
    ]:
        await new_reward(database, program_id, name=name, cost=cost, active=active)
    async with database.connection() as connection:
        shown = await actions.list_rewards(connection, program_id)
        everything = await actions.list_rewards(connection, program_id, inactive_too=True)
    assert [reward.name for reward in shown] == ["free", "b", "a", "c"]
    assert [reward.name for reward in everything] == ["free", "off", "b", "a", "c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Theatre"},
        {"cost": 0},
        {"description": None},
        {"description": "Two plays"},
        {"image_url": None},
        {"youtube_url": "/video"},
        {"active": False},
        {
            "name": "x",
            "cost": 3,
            "description": None,
            "image_url": "/i",
            "youtube_url": None,
            "active": False,
        },
    ],
)
async def test_an_update_changes_what_it_names(
    database: Database, program_id: int, changes: dict[str, Any]
) -> None:
    before = await new_reward(
        database,
        program_id,
        description="One film",
        image_url="/photos/a.jpg",
        youtube_url="https://youtu.be/x",
    )
    other = await new_reward(database, program_id)
    async with database.transaction() as connection:
        after = await actions.update_reward(
            connection, program_id, before.reward_id, RewardChanges(**changes), now=LATER
        )
    for field in Reward.__struct_fields__:
        expected = LATER if field == "updated_at" else changes.get(field, getattr(before, field))
        assert getattr(after, field) == expected, field
    async with database.connection() as connection:
        assert await actions.find_reward(connection, program_id, before.reward_id) == after
        assert await actions.find_reward(connection, program_id, other.reward_id) == other


async def test_updates_of_different_fields_do_not_undo_each_other(
    database: Database, program_id: int
) -> None:
    reward = await new_reward(database, program_id)

    async def change(changes: RewardChanges) -> None:
        async with database.transaction() as connection:
            await actions.update_reward(connection, program_id, reward.reward_id, changes, now=LATER)

    await asyncio.gather(
        *(change(RewardChanges(cost=7)) for _ in range(4)),
        *(change(RewardChanges(name="Theatre")) for _ in range(4)),
        *(change(RewardChanges(active=False)) for _ in range(4)),
    )
    async with database.connection() as connection:
        after = await actions.find_reward(connection, program_id, reward.reward_id)
    assert after is not None and (after.cost, after.name, after.active) == (7, "Theatre", False)


async def test_a_deleted_reward_is_gone_and_its_number_is_not_given_again(
    database: Database, program_id: int
) -> None:
    first = await new_reward(database, program_id)
    async with database.transaction() as connection:
        await actions.delete_reward(connection, program_id, first.reward_id)
    async with database.connection() as connection:
        assert await actions.find_reward(connection, program_id, first.reward_id) is None
        assert await actions.list_rewards(connection, program_id, inactive_too=True) == []
        assert (
            await refusal(actions.delete_reward(connection, program_id, first.reward_id))
            == "reward_not_found"
        )
    assert (await new_reward(database, program_id)).reward_id == first.reward_id + 1


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63, 10**40, True])
async def test_unknown_numbers_are_not_found(database: Database, program_id: int, number: int) -> None:
    async with database.transaction() as connection:
        assert await actions.find_reward(connection, program_id, number) is None
        assert await actions.find_template(connection, program_id, number) is None
        update = actions.update_reward(connection, program_id, number, RewardChanges(cost=1), now=NOW)
        assert await refusal(update) == "reward_not_found"
        template_update = actions.update_template(
            connection, program_id, number, TemplateChanges(points=1), now=NOW
        )
        assert await refusal(template_update) == "template_not_found"
        assert await refusal(actions.delete_reward(connection, program_id, number)) == "reward_not_found"
        assert await refusal(actions.delete_template(connection, program_id, number)) == "template_not_found"


async def test_programs_do_not_see_each_other(database: Database, program_id: int) -> None:
    other_id = await new_program(database, "neighbours")
    mine, theirs = await new_reward(database, program_id), await new_reward(database, other_id, name="Zoo")
    my_template = await new_template(database, program_id)
    assert (mine.reward_id, theirs.reward_id) == (1, 1)
    async with database.transaction() as connection:
        changed = await actions.update_reward(connection, other_id, 1, RewardChanges(cost=1), now=LATER)
        assert (changed.name, changed.cost) == ("Zoo", 1)
        assert await actions.find_template(connection, other_id, my_template.template_id) is None
        assert await refusal(actions.delete_template(connection, other_id, 1)) == "template_not_found"
        await actions.delete_reward(connection, other_id, 1)
        assert await actions.list_rewards(connection, program_id) == [mine]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"name": " "}, "invalid_name"), ({"cost": -1}, "invalid_cost"), ({"name": "\0"}, "invalid_name")],
)
async def test_what_is_refused_leaves_no_row(
    database: Database, program_id: int, fields: dict[str, Any], code: str
) -> None:
    assert await refusal(new_reward(database, program_id, **fields)) == code
    async with database.connection() as connection:
        assert await actions.list_rewards(connection, program_id, inactive_too=True) == []
    assert (await new_reward(database, program_id)).reward_id == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update rewards set cost = -1",
        "update rewards set cost = 9007199254740992",
        "update rewards set name = ''",
        "update rewards set name = repeat('x', 201)",
        "update earn_templates set points = 0",
        "update earn_templates set title = ''",
        "update rewards set program_id = 999",
    ],
)
async def test_the_database_refuses_what_the_rules_would(
    database: Database, program_id: int, statement: str
) -> None:
    await new_reward(database, program_id)
    await new_template(database, program_id)
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.IntegrityError):
            await connection.execute(statement.encode())


async def test_templates_are_listed_in_their_order(database: Database, program_id: int) -> None:
    for title, sort_order, active in [
        ("c", 2, True),
        ("a", 1, True),
        ("off", 0, False),
        ("b", 1, True),
        ("z", -1, True),
    ]:
        await new_template(database, program_id, title=title, sort_order=sort_order, active=active)
    async with database.connection() as connection:
        everything = await actions.list_templates(connection, program_id)
        active_ones = await actions.list_templates(connection, program_id, active=True)
        inactive_ones = await actions.list_templates(connection, program_id, active=False)
    assert [template.title for template in everything] == ["z", "off", "a", "b", "c"]
    assert [template.title for template in active_ones] == ["z", "a", "b", "c"]
    assert [template.title for template in inactive_ones] == ["off"]


async def test_a_template_lives_and_dies(database: Database, program_id: int) -> None:
    template = await new_template(database, program_id, description="After dinner", youtube_url="/how")
    async with database.transaction() as connection:
        changes = TemplateChanges(points=LARGEST, description=None, sort_order=4)
        changed = await actions.update_template(
            connection, program_id, template.template_id, changes, now=LATER
        )
    assert changed == EarnTemplate(
        program_id=program_id,
        template_id=1,
        title="Dishes",
        points=LARGEST,
        description=None,
        youtube_url="/how",
        active=True,
        sort_order=4,
        created_at=NOW,
        updated_at=LATER,
    )
    async with database.transaction() as connection:
        assert await actions.find_template(connection, program_id, 1) == changed
        await actions.delete_template(connection, program_id, 1)
        assert await actions.find_template(connection, program_id, 1) is None


async def test_prices_are_those_of_now(database: Database, program_id: int) -> None:
    dishes = await new_template(database, program_id)
    hoover = await new_template(database, program_id, title="Hoover", points=5)
    counts = [(dishes.template_id, 2), (hoover.template_id, 1)]
    async with database.transaction() as connection:
        assert (await actions.price(connection, program_id, counts)).total == 11
        await actions.update_template(connection, program_id, 1, TemplateChanges(points=10), now=LATER)
        assert (await actions.price(connection, program_id, counts)).total == 25
        await actions.update_template(connection, program_id, 2, TemplateChanges(active=False), now=LATER)
        assert await refusal(actions.price(connection, program_id, counts)) == "TEMPLATE_MISSING"
        await actions.delete_template(connection, program_id, 2)
        assert await refusal(actions.price(connection, program_id, counts)) == "TEMPLATE_MISSING"
        assert await refusal(actions.price(connection, program_id, [(10**40, 1)])) == "TEMPLATE_MISSING"
        assert await refusal(actions.price(connection, program_id, [])) == "invalid_templates"
