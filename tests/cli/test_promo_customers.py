"""`regulars promos assign` and `unassign`: customers named by number, e-mail address, fob and QR code."""

from tests.cli.commands import Desk
from tests.support.hotels import Hotels, ok

HERE = ("--program", "hub")
SPRING = ("promos", "add-code", "SPRING", "Spring", "--wet", "15", "--assigned-only", *HERE)


async def assigned(desk: Desk) -> str:
    return await desk.works_beside("promos", "show", "SPRING", *HERE)


async def test_a_promo_is_given_to_customers_however_they_are_named(bare_desk: Desk, hub: Hotels) -> None:
    desk = bare_desk
    by_fob = await hub.register("By Fob", rfid_code="04A1")
    by_address = await hub.register("By Address", email="ann@example.com")
    by_code = await hub.register("By Code")
    by_number = await hub.register("By Number")
    others = await hub.register("Others")
    await desk.works_beside(*SPRING)
    named = ["04A1", "ANN@example.com", by_code["qr_code"], str(by_number["customer_id"])]
    # Named in two ways, a customer still counts once.
    command = (
        "promos",
        "assign",
        "spring",
        *named,
        f"number:{by_fob['customer_id']}",
        "--until",
        "2099-08-31",
    )

    said = await desk.works_beside(*command, "--dry-run", *HERE)
    assert said.count("is assigned to") == 4 and "nothing was changed" in said
    assert "assigned to nobody" in await assigned(desk)
    said = await desk.works_beside(*command, *HERE)
    assert f"customer {by_address['customer_id']} (By Address) until 2099-08-31 23:59:59" in said
    shown = await assigned(desk)
    for name in ("By Fob", "By Address", "By Code", "By Number"):
        assert name in shown
    assert others["name"] not in shown

    hub.services.promo_books.forget(hub.program_id)
    [offer] = ok(await hub.post("/identify", {"identifier": "04A1"}))["available_promos"]
    assert (offer["code"], offer["targeted"]) == ("SPRING", True)

    said = await desk.works_beside("promos", "unassign", "SPRING", "04A1", "--dry-run", *HERE)
    assert "nothing was changed" in said and "By Fob" in await assigned(desk)
    await desk.works_beside("promos", "unassign", "SPRING", "04A1", "ann@example.com", *HERE)
    shown = await assigned(desk)
    assert "By Fob" not in shown and "By Address" not in shown and "By Code" in shown
    assert ok(await hub.post("/identify", {"identifier": "04A1"}))["available_promos"] == []


async def test_who_cannot_be_found_is_said_and_nobody_gets_it(bare_desk: Desk, hub: Hotels) -> None:
    desk = bare_desk
    ann = await hub.register("Ann", rfid_code="04A1")
    gone = await hub.register("Gone", rfid_code="04A2")
    await hub.erase(gone["customer_id"])
    await desk.works_beside(*SPRING)
    for strangers, says in (
        (["04A1", "nobody@example.com"], "there is no customer nobody@example.com"),
        (["04A1", "04A2"], "there is no customer 04A2"),
        (["04A1", str(gone["customer_id"])], "there is no customer"),
        (["04A1", "99999999999999999999"], "there is no customer"),
        (["04A1", "number:0"], "there is no customer"),
        (["04A1", "number:04A1"], "there is no customer"),
        (["04A1", ""], "there is no customer"),
        ([], "name a customer"),
        (["04A1", "--until", "soon"], "--until soon"),
    ):
        refused = await desk.refuses_beside("promos", "assign", "SPRING", *strangers, *HERE)
        assert says in refused, strangers
    assert "assigned to nobody" in await assigned(desk)

    await desk.works_beside("promos", "assign", "SPRING", "04A1", *HERE)
    await desk.works_beside("promos", "assign", "SPRING", str(ann["customer_id"]), *HERE)
    bea = await hub.register("Bea")
    refused = await desk.refuses_beside(
        "promos", "unassign", "SPRING", "04A1", str(bea["customer_id"]), *HERE
    )
    assert "not assigned to customer" in refused and "(Bea)" in refused
    assert "Ann" in await assigned(desk)
    assert "regulars promos list" in await desk.refuses_beside("promos", "unassign", "NOSUCH", "04A1", *HERE)


async def test_a_number_that_is_also_a_fob_has_to_be_made_clear(bare_desk: Desk, hub: Hotels) -> None:
    ann = await hub.register("Ann")
    number = str(ann["customer_id"])
    bea = await hub.register("Bea", rfid_code=number)
    await bare_desk.works_beside(*SPRING)
    refused = await bare_desk.refuses_beside("promos", "assign", "SPRING", number, *HERE)
    assert f"number:{number}" in refused and f"number:{bea['customer_id']}" in refused
    said = await bare_desk.works_beside("promos", "assign", "SPRING", f"number:{number}", *HERE)
    assert "(Ann)" in said


async def test_an_inactive_customer_is_found_by_number_only(bare_desk: Desk, hub: Hotels) -> None:
    ann = await hub.register("Ann", rfid_code="04A1")
    await hub.switch_off(ann["customer_id"])
    await bare_desk.works_beside(*SPRING)
    assert "there is no customer" in await bare_desk.refuses_beside(
        "promos", "assign", "SPRING", "04A1", *HERE
    )
    number = str(ann["customer_id"])
    assert "(Ann)" in await bare_desk.works_beside("promos", "assign", "SPRING", number, *HERE)
