"""The life of a key, seen by a running server while commands change it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import Server, run, serving

STOPS_WITHIN_SECONDS = 5.0
BROUGHT = "brought-along-key-0123456789"


@pytest.fixture
def server(data: Path, tmp_path: Path) -> Iterator[Server]:
    config = tmp_path / "program.toml"
    config.write_text('slug = "family"\nname = "Family"\nkeys = []\n')
    assert run("init", "--data", str(data), "--config", str(config)).returncode == 0
    with serving(tmp_path / "server.log", "serve", "--data", str(data)) as running:
        yield running


def status_with(server: Server, key: str) -> int:
    return server.get("/api/members", X_Admin_Key=key).status_code


def seconds_until(server: Server, key: str, status: int) -> float:
    began = time.monotonic()
    while status_with(server, key) != status:
        assert time.monotonic() - began < STOPS_WITHIN_SECONDS, f"still not {status}"
        time.sleep(0.1)
    return time.monotonic() - began


def test_a_key_is_made_used_rotated_and_revoked(server: Server, data: Path) -> None:
    def keys(*arguments: str, stdin: str = "") -> str:
        done = run("keys", *arguments, "--data", str(data), stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    first = keys("create", "Till", "--scope", "cryptokids:admin", "--scope", "cryptokids:parent")
    assert len(first) == 64 and status_with(server, first) == 200

    second = keys("rotate", "1", "--overlap", "1h")
    assert status_with(server, second) == 200 and status_with(server, first) == 200
    third = keys("rotate", "1", "--overlap", "0")
    seconds_until(server, first, 401)
    seconds_until(server, second, 401)
    assert status_with(server, third) == 200

    listed = keys("list")
    assert "Till" in listed and "active" in listed
    assert not [key for key in (first, second, third) if key in listed]

    keys("revoke", "1")
    seconds_until(server, third, 401)
    assert "revoked" in keys("list")

    keys("import", "Old till", "--scope", "cryptokids:admin", stdin=f"{BROUGHT}\n")
    assert status_with(server, BROUGHT) == 200


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (["rotate", "99"], 1, "credential not found"),
        (["rotate", "99", "--overlap", "soon"], 2, "24h"),
        (["create", "Till", "--scope", "everything"], 1, "invalid scope"),
        (["create", "Till", "--scope", "loyaltyhub:tlil"], 1, "choose from cryptokids:admin"),
        (["create", "Till", "--scope", "cryptokids:admin", "--location", "moon"], 1, "moon"),
        (["create", "Till", "--scope", "cryptokids:admin", "--program", "other"], 1, "family"),
        (["import", "Till", "--scope", "cryptokids:admin"], 1, "invalid key"),
        (["create"], 2, "--help"),
    ],
)
def test_what_is_refused_is_one_line(prepared: Path, arguments: list[str], exit_code: int, says: str) -> None:
    refused = run("keys", *arguments, "--data", str(prepared))
    assert (refused.returncode, refused.stderr.count("\n")) == (exit_code, 1), refused.stderr
    assert says in refused.stderr
    assert refused.stdout == ""


def test_without_a_program_there_are_no_keys(data: Path) -> None:
    refused = run("keys", "list", "--data", str(data))
    assert refused.returncode == 1 and "regulars init" in refused.stderr
