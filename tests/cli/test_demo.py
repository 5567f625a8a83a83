"""`regulars demo` as a process: what it makes is there, and stays, however it is stopped."""

import signal
import stat
from collections import Counter
from pathlib import Path

import pytest

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
        exit_code = first.stop(number)
    assert exit_code == (0 if number != signal.SIGKILL else -signal.SIGKILL), first.said()

    with serving(tmp_path / "two.log", "demo", "--data", str(demo_directory)) as second:
        found = variables(demo_directory / "demo.env")
        assert found.pop("REGULARS_URL") == second.url
        keys.pop("REGULARS_URL")
        assert found == keys
        assert second.get("/api/history?limit=500", X_Admin_Key=keys["CK_ADMIN_KEY"]).json() == history


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
