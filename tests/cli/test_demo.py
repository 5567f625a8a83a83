"""`regulars demo` as a process: what it makes is there, and stays, however it is stopped."""

import json
import re
import signal
import stat
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from regulars.demo.kiosks.customers import FIRST
from tests.cli.demo_callers import kiosk, till
from tests.cli.processes import Server, run, serving, variables


def test_the_demo_has_a_year_of_everything(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    assert keys["REGULARS_URL"] == demo.url
    assert stat.S_IMODE((demo_directory / "demo.env").stat().st_mode) == 0o600
    admin = {"X_Admin_Key": keys["CK_ADMIN_KEY"]}

    assert {"leo", "maya"} <= {member["userId"] for member in demo.get("/api/members", **admin).json()}
    holds = demo.get("/api/holds?status=all", **admin).json()
    assert set(Counter(hold["status"] for hold in holds)) == {"pending", "redeemed", "canceled", "expired"}
    assert {"leo", "maya"} <= {hold["userId"] for hold in holds if hold["status"] == "pending"}
    for user in ("leo", "maya"):
        page = demo.get(f"/ck/ledger/{user}", **admin).json()
        assert page["balance"] == demo.get(f"/balance/{user}").json()["balance"] > 0
        assert page["summary"]["earn"]["d30"] > 0
    assert len(demo.get("/api/rewards").json()) >= 5
    assert demo.get("/api/members", X_Admin_Key="x" * 64).status_code == 401


def test_john_smith_is_identified_as_published(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    said = till(demo, "identify", keys["HOTEL_API_KEY"], identifier="ABC123456").json()
    bonus, offers = said.pop("applied_customer_promo"), said.pop("available_promos")
    assert said == {
        "customer_id": 42, "name": "John Smith", "email": "john@example.com", "tier": "Loyalty",
        "is_staff": False, "wet_discount": 13, "dry_discount": 20, "base_wet_discount": 8,
        "base_dry_discount": 15, "discount_type": "discount", "total_visits": 6, "period_days": 28,
        "home_hotel": "High Street Hotel",
        "next_tier": {"next_tier": "Regular", "visits_required": 8, "visits_to_go": 2},
        "matched_identifier_type": "rfid", "identifier_label": "Primary RFID Fob",
    }  # fmt: skip
    assert (bonus["id"], bonus["code"], bonus["bonus_add_wet"], bonus["bonus_add_dry"]) == (
        5, "CP_LUNCH2X", 5, 5,
    )  # fmt: skip
    assert (offers[0]["id"], offers[0]["code"], offers[0]["wet_discount"]) == (10, "SUMMER24", 15)

    other = till(demo, "identify", keys["HOTEL_2_API_KEY"], identifier="john@example.com").json()
    assert (other["tier"], other["base_wet_discount"], other["base_dry_discount"]) == ("Regular", 15, 25)
    assert (other["home_hotel"], other["matched_identifier_type"]) == ("High Street Hotel", "email")


def test_the_published_codes_work(demo: Server, demo_directory: Path) -> None:
    key = variables(demo_directory / "demo.env")["HOTEL_API_KEY"]
    valid = till(demo, "promos/validate", key, code="SUMMER24", customer_id=42, total_amount=25.0)
    assert (valid.status_code, valid.json()["valid"], valid.json()["promo"]["id"]) == (200, True, 10)
    for code, kind, wet, dry in (("SUMMER24", "promo_code", 15, 15), ("LUNCH2X", "loyalty_bonus", 20, 30)):
        applied = till(
            demo, "promos/apply", key, code=code, customer_id=42, base_wet_discount=10, base_dry_discount=15
        ).json()
        assert (applied["type"], applied["wet_discount"], applied["dry_discount"]) == (kind, wet, dry)


@pytest.mark.parametrize(
    ("code", "hotel", "more", "says"),
    [
        ("NOBODYS", "HOTEL_API_KEY", {}, "Promo code not found"),
        ("COMEBACK20", "HOTEL_API_KEY", {"customer_id": 42}, "Promo code not found"),
        ("PAPER10", "HOTEL_API_KEY", {}, "This promo code is no longer active"),
        ("NIGHTOWL", "HOTEL_API_KEY", {}, "This promo is not valid at this location"),
        ("PINT200", "HOTEL_2_API_KEY", {}, "This promo is not valid at this location"),
        ("GALA25", "HOTEL_API_KEY", {}, "This promo is not yet active"),
        ("OPENING20", "HOTEL_API_KEY", {}, "This promo has expired"),
        ("FEAST25", "HOTEL_API_KEY", {}, "This promo requires membership. Please scan your card first."),
        (
            "FEAST25", "HOTEL_API_KEY", {"customer_id": 42, "total_amount": 59.99},
            "Minimum spend of £60.00 required",
        ),
        ("FIRST20", "HOTEL_API_KEY", {}, "This promo has reached its usage limit"),
    ],
)  # fmt: skip
def test_a_till_can_be_shown_every_objection_that_the_clock_does_not_decide(
    demo: Server, demo_directory: Path, code: str, hotel: str, more: dict[str, Any], says: str
) -> None:
    key = variables(demo_directory / "demo.env")[hotel]
    answer = till(demo, "promos/validate", key, code=code, **more)
    assert (answer.status_code, answer.json()) == (400, {"valid": False, "error": says})


def test_all_tiers_occur_among_the_customers_of_both_hotels(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    listed = demo.get("/wp-json/loyalty/v1/sync", X_API_Key=keys["HOTEL_API_KEY"]).json()["customers"]
    guests = [customer for customer in listed if customer["qr_code"] is not None]
    assert len(guests) > 200 and any(len(guest["rfid_fobs"]) > 1 for guest in guests)
    for name in ("HOTEL_API_KEY", "HOTEL_2_API_KEY"):
        found = [till(demo, "identify", keys[name], identifier=guest["qr_code"]).json() for guest in guests]
        tiers = Counter(guest["tier"] for guest in found)
        assert set(tiers) == {"Member", "Loyalty", "Regular", "Staff"} and min(tiers.values()) >= 5
        assert {guest["home_hotel"] for guest in found} == {"High Street Hotel", "Number Four"}
        assert any(promo.get("targeted") for guest in found for promo in guest["available_promos"])


def test_each_key_is_good_for_its_own_contract_and_hotel_only(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    names = {name for name in keys if name.endswith(("_KEY", "_SHARED_SECRET"))}
    assert names == {
        "CK_ADMIN_KEY", "CK_PARENT_KEY", "HOTEL_API_KEY", "HOTEL_2_API_KEY", "KIOSK_SHARED_SECRET",
        "INTERNAL_API_KEY", "ADMIN_API_KEY", "STORE_API_KEY",
    }  # fmt: skip
    balance = {"venue_id": keys["VENUE_ID"], "customer_id": "0190163d-8694-739b-aea5-966c26f8ad90"}
    for name in names:
        key = keys[name]
        assert re.fullmatch(r"[A-Za-z0-9]{64}", key)
        is_till = name.startswith("HOTEL")
        identified = till(demo, "identify", key, identifier="ABC123456").status_code
        assert identified == (200 if is_till else 401)
        assert demo.get("/api/holds", X_Admin_Key=key).status_code == (200 if name.startswith("CK") else 401)
        asked = kiosk(demo, "get-balance", key, **balance).status_code
        assert asked == (404 if name == "KIOSK_SHARED_SECRET" else 401)
        shown = demo.get(f"/admin?venue_id={keys['VENUE_ID']}", X_Admin_Key=key).status_code
        assert shown == (200 if name == "ADMIN_API_KEY" else 401)
        run_ = httpx2.post(
            f"{demo.url}/loyalty/process-pass-update-jobs", headers={"x-internal-api-key": key}, timeout=20
        )
        assert run_.status_code == (200 if name == "INTERNAL_API_KEY" else 401)
    homes = [
        till(demo, "register", keys[name], name="Newcomer").json()["home_hotel"]
        for name in ("HOTEL_API_KEY", "HOTEL_2_API_KEY")
    ]
    assert homes == ["High Street Hotel", "Number Four"]


def test_the_request_that_the_demo_suggests_can_be_typed(demo: Server) -> None:
    assert "High Street Hotel and Number Four" in demo.said()
    [suggested] = re.findall(r"in another shell:\n(.*?)\nCtrl\+C", demo.said(), re.DOTALL)
    typed = subprocess.run(["sh", "-ec", suggested], capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(typed.stdout)["name"] == "John Smith"


def test_the_books_of_the_demo_add_up_beside_its_running_server(demo: Server, demo_directory: Path) -> None:
    checked = run("verify", "--data", str(demo_directory))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "the books add up" in checked.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_data_and_keys_stay_when_it_is_stopped_and_started_again(
    demo_directory: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with serving(tmp_path / "one.log", "demo", "--data", str(demo_directory)) as first:
        keys = variables(demo_directory / "demo.env")
        history = first.get("/api/history?limit=500", X_Admin_Key=keys["CK_ADMIN_KEY"]).json()
        customers = first.get("/wp-json/loyalty/v1/sync", X_API_Key=keys["HOTEL_API_KEY"]).json()
        exit_code = first.stop(number)
    assert exit_code == (0 if number != signal.SIGKILL else -signal.SIGKILL), first.said()

    with serving(tmp_path / "two.log", "demo", "--data", str(demo_directory)) as second:
        found = variables(demo_directory / "demo.env")
        assert found.pop("REGULARS_URL") == second.url
        # They are the same again, unless another program has taken their port meanwhile.
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", found.pop("STRIPE_STAND_IN_URL"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", found.pop("WEBHOOK_RECEIVER_URL"))
        del keys["REGULARS_URL"], keys["STRIPE_STAND_IN_URL"], keys["WEBHOOK_RECEIVER_URL"]
        for name, user in (("SHOPPER_TOKEN", "SHOPPER_USER_ID"), ("SHOPPER_2_TOKEN", "SHOPPER_2_USER_ID")):
            # Made anew at each start, so that nobody is left with one that has expired.
            token = jwt.decode(found.pop(name), options={"verify_signature": False})
            assert (token["sub"], token["exp"] > time.time()) == (found[user], True)
            del keys[name]
        assert found == keys
        assert second.get("/api/history?limit=500", X_Admin_Key=keys["CK_ADMIN_KEY"]).json() == history
        customer = FIRST[0].phone
        known = kiosk(
            second, "upsert-customer-by-phone", keys["KIOSK_SHARED_SECRET"], phone_raw=customer,
            venue_id=keys["VENUE_ID"], device_id="k1",
        )  # fmt: skip
        assert known.json()["is_new_customer"] is False
        again = second.get("/wp-json/loyalty/v1/sync", X_API_Key=keys["HOTEL_API_KEY"]).json()
        assert again["customers"] == customers["customers"]


def test_a_second_demo_on_the_same_directory_is_told_where_the_first_one_runs(
    demo: Server, demo_directory: Path
) -> None:
    second = run("demo", "--data", str(demo_directory), "--port", "0")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1 and demo.url in second.stderr


def test_lost_keys_are_made_anew(demo_directory: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "one.log", "demo", "--data", str(demo_directory)):
        before = variables(demo_directory / "demo.env")
    (demo_directory / "demo.env").unlink()
    with serving(tmp_path / "two.log", "demo", "--data", str(demo_directory)) as server:
        after = variables(demo_directory / "demo.env")
        assert after["CK_ADMIN_KEY"] != before["CK_ADMIN_KEY"]
        assert server.get("/api/members", X_Admin_Key=after["CK_ADMIN_KEY"]).status_code == 200
        assert after["HOTEL_2_API_KEY"] != before["HOTEL_2_API_KEY"]
        assert till(server, "identify", after["HOTEL_2_API_KEY"], identifier="ABC123456").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "settings", "exit_code", "says"),
    [
        (["--host", "0.0.0.0"], {}, 2, "this machine only"),
        (["--host", "192.0.2.7"], {}, 2, "this machine only"),
        ([], {"REGULARS_DATABASE_URL": "postgresql://elsewhere/db"}, 2, "brings its own database"),
        (["--size", "huge"], {}, 2, "--help"),
    ],
)
def test_what_the_demo_refuses(
    data: Path, arguments: list[str], settings: dict[str, str], exit_code: int, says: str
) -> None:
    refused = run("demo", "--data", str(data), *arguments, **settings)
    assert (refused.returncode, refused.stderr.count("\n")) == (exit_code, 1), refused.stderr
    assert says in refused.stderr


def test_the_demo_stays_away_from_the_data_of_a_real_server(data: Path) -> None:
    config = data / "program.toml"
    config.write_text('slug = "family"\nname = "Family"\n')
    assert run("init", "--data", str(data), "--config", str(config)).returncode == 0
    refused = run("demo", "--data", str(data), "--port", "0")
    assert refused.returncode == 1
    assert "not of a demo" in refused.stderr
