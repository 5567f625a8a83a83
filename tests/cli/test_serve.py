"""`regulars serve` as a process: what it refuses, how it stops, and how servers share a directory."""

import signal
import socket
import stat
import subprocess
from pathlib import Path

import httpx2
import psutil
import pytest

from regulars.cli.worker_metrics import memory_directory, metrics_prefix
from tests.cli.processes import COMMAND, Server, environment, eventually, run, serving

STRONG = "Zk3vQ8rT1mWx6LpB9sYc4NdHf7GjUa2eRo5iXq0t"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"REGULARS_SECRET_KEY": "short"}, "REGULARS_SECRET_KEY"),
        ({"REGULARS_SECRET_KEY": "change-me-change-me-change-me-change-me"}, "placeholder"),
        ({"REGULARS_SECRET_KEY": "a" * 64}, "different characters"),
        ({"REGULARS_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "REGULARS_SECRET_KEY"),
        ({"MEMBERSHIP_LINK_SIGNING_SECRET": "secret"}, "MEMBERSHIP_LINK_SIGNING_SECRET"),
        ({"REGULARS_MODE": "development"}, "regulars demo"),
        ({"REGULARS_PORTT": "1"}, "REGULARS_PORT"),
    ],
)
def test_settings_that_production_refuses(data: Path, settings: dict[str, str], says: str) -> None:
    refused = run("serve", "--data", str(data), "--port", "0", **settings)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert says in refused.stderr
    assert settings.get("REGULARS_SECRET_KEY", "no key") not in refused.stderr
    assert not (data / "postgres").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--port", "0"),
        ("serve", "--port", "0", "--workers", "2"),
        ("demo", "--port", "0"),
        ("work",),
    ],
)
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"REGULARS_APPLE_TEAM_IDENTIFIER": "TEAM123456"}, "REGULARS_APPLE_CERTIFICATE is missing"),
        ({"REGULARS_GOOGLE_ISSUER_ID": "338800"}, "REGULARS_GOOGLE_SERVICE_ACCOUNT is missing"),
        ({"REGULARS_GOOGLE_ISSUER_ID": "1", "REGULARS_GOOGLE_SERVICE_ACCOUNT": "{}"}, "service account"),
    ],
)
def test_wallets_that_are_set_up_wrongly_are_told_before_anything_is_started(
    data: Path, command: tuple[str, ...], settings: dict[str, str], says: str
) -> None:
    refused = run(*command, "--data", str(data), **settings)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert says in refused.stderr
    assert not (data / "postgres").exists() and not (data / "secret.key").exists()


def test_a_database_that_does_not_answer_is_one_line(data: Path) -> None:
    failed = run(
        "serve", "--data", str(data), "--port", "0",
        REGULARS_DATABASE_URL="postgresql://someone@127.0.0.1:1/x", REGULARS_SECRET_KEY=STRONG,
    )  # fmt: skip
    assert (failed.returncode, failed.stderr.count("\n")) == (3, 1), failed.stderr


def test_a_port_that_is_taken_is_told_before_anything_is_started(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        failed = run("serve", "--data", str(data), "--port", port)
    assert (failed.returncode, failed.stderr.count("\n")) == (4, 1), failed.stderr
    assert port in failed.stderr and "--port" in failed.stderr
    assert not (data / "postgres").exists()


def test_first_steps_then_restart_then_two_servers_on_one_directory(data: Path, tmp_path: Path) -> None:
    arguments = ("serve", "--data", str(data))
    with serving(tmp_path / "one.log", *arguments) as first:
        assert "regulars init" in first.said()
        assert first.get("/docs").status_code == 200
        made = run("init", "--data", str(data), "--config", str(_program(tmp_path)))
        keys = dict(line.split("=", 1) for line in made.stdout.splitlines())
        _earns(first, keys["CK_ADMIN_KEY"])
        # In production nothing opens without a key.
        assert first.get("/api/rewards").status_code == 401

        with serving(tmp_path / "two.log", *arguments, "--no-jobs") as second:
            assert second.url != first.url
            assert second.get("/api/members", X_Admin_Key=keys["CK_ADMIN_KEY"]).status_code == 200
            assert first.stop() == 0, first.said()
            # The database belongs to both, so the second one does not notice.
            _earns(second, keys["CK_ADMIN_KEY"])
            assert second.stop() == 0, second.said()
    assert not (data / "postgres" / "postmaster.pid").exists()
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600


def test_a_killed_server_is_started_again_on_the_same_port(data: Path, tmp_path: Path) -> None:
    run("init", "--data", str(data), "--config", str(_program(tmp_path)))
    with serving(tmp_path / "one.log", "serve", "--data", str(data), "--workers", "2") as first:
        orphans = first.workers()
        assert len(orphans) == 2
        port = first.url.rpartition(":")[2]
        first.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(orphans, timeout=10)
        assert not alive, "workers outlived their parent and keep the port"
        restarted = run_until_ready(tmp_path / "two.log", "serve", "--data", str(data), port=port)
    assert restarted == first.url


def test_requests_under_way_are_finished_after_sigterm(data: Path, tmp_path: Path) -> None:
    made = run("init", "--data", str(data), "--config", str(_program(tmp_path)))
    key = dict(line.split("=", 1) for line in made.stdout.splitlines())["CK_ADMIN_KEY"]
    body = b'{"user_id": "ada", "amount": 5}'
    with serving(tmp_path / "one.log", "serve", "--data", str(data)) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            head = (
                f"POST /ck/earn HTTP/1.1\r\nhost: x\r\nx-admin-key: {key}\r\nx-actor-role: admin\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            client.sendall(head.encode() + body[:-1])
            assert server.get("/healthz").status_code == 200
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: not _accepts(server))
            client.sendall(body[-1:])
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(20) == 0
    assert run("verify", "--data", str(data)).returncode == 0


def test_several_workers_share_the_port_and_their_metrics_and_a_dead_one_is_replaced(
    data: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "one.log", "serve", "--data", str(data), "--workers", "2") as server:
        assert server.said().count("serving on") == 1
        first, second = server.workers()
        first.send_signal(signal.SIGKILL)
        eventually(lambda: {worker.pid for worker in server.workers()} - {first.pid, second.pid})
        assert server.get("/readyz").status_code == 200
        assert 'route="/readyz"' in server.get("/metrics").text
        assert server.stop() == 0, server.said()


def test_work_runs_jobs_beside_a_server_without_them(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "one.log", "serve", "--data", str(data), "--no-jobs") as server:
        assert server.get("/readyz").json()["jobs"] == {"status": "ok", "detail": None}
        with (tmp_path / "work.log").open("w") as output:
            worker = subprocess.Popen(
                [*COMMAND, "work", "--data", str(data)], stdout=output, stderr=output, env=environment()
            )
        try:
            eventually(lambda: "working on jobs" in (tmp_path / "work.log").read_text())
            assert server.get("/readyz").status_code == 200
        finally:
            worker.terminate()
        assert worker.wait(20) == 0, (tmp_path / "work.log").read_text()


def run_until_ready(log: Path, *arguments: str, port: str) -> str:
    """The address at which a server on this port got ready; it is stopped again."""
    with serving(log, *arguments, port=port) as server:
        return server.url


def _accepts(server: Server) -> bool:
    try:
        return server.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def _earns(server: Server, key: str) -> None:
    answer = httpx2.post(
        f"{server.url}/ck/earn",
        json={"user_id": "ada", "amount": 5},
        headers={"x-admin-key": key, "x-actor-role": "admin"},
    )
    assert answer.status_code == 200, answer.text


def _program(directory: Path) -> Path:
    path = directory / "program.toml"
    path.write_text(
        'slug = "family"\nname = "Family"\n[location]\nslug = "home"\nname = "Home"\n', encoding="utf-8"
    )
    return path


def test_metrics_of_killed_servers_are_removed_and_file_limits_are_raised(data: Path, tmp_path: Path) -> None:
    prefix = metrics_prefix(data)
    leftover = memory_directory() / f"{prefix}4194305-x"
    leftover.mkdir()
    with serving(tmp_path / "one.log", "serve", "--data", str(data), "--workers", "2") as server:
        [own] = memory_directory().glob(f"{prefix}*")
        assert own.name.startswith(f"{prefix}{server.process.pid}-")
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        limits = Path(f"/proc/{server.process.pid}/limits")
        if limits.exists():
            line = next(line for line in limits.read_text().splitlines() if line.startswith("Max open files"))
            soft, hard = line.split()[3:5]
            assert soft == hard or int(soft) >= 65_536
        server.stop()
    assert not list(memory_directory().glob(f"{prefix}*"))
