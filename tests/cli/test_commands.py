"""What every command has in common: help, quick starts, one line for a failure, exit codes."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regulars.base.refusals import Refused
from regulars.cli import COMMANDS
from regulars.cli.environment import hand_down
from regulars.cli.failures import CommandFailed, ExitCode, exit_code_of_failures
from regulars.cli.listening import bound_socket, bound_sockets, is_loopback, url_of
from regulars.db.database import DatabaseMisconfigured, DatabaseUnavailable
from regulars.settings import load_settings
from regulars.settings_sources import SettingsInvalid
from tests.cli.processes import COMMAND, environment, run

HELP_SECONDS_MAX = 0.3
HEAVY = (
    "litestar",
    "psycopg",
    "procrastinate",
    "alembic",
    "sqlalchemy",
    "PIL",
    "obstore",
    "uvicorn",
    "structlog",
)


def test_help_lists_every_command_with_its_purpose() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for name, (_, text) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", shown.stdout, re.MULTILINE)


def test_help_loads_nothing_that_is_heavy_and_is_quick() -> None:
    script = (
        "import sys; sys.argv = ['regulars', '--help']\n"
        "from regulars.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"sys.exit(','.join(name for name in {HEAVY} if name in sys.modules) or 0)"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    # The fastest of several, because the machine may be busy with something else.
    assert min(_seconds_of_help() for _ in range(8)) < HELP_SECONDS_MAX


def _seconds_of_help() -> float:
    began = time.perf_counter()
    subprocess.run([*COMMAND, "--help"], capture_output=True, env=environment(), check=True)
    return time.perf_counter() - began


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "bench"])
def test_every_command_has_help(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0 and "Usage:" in shown.stdout


@pytest.mark.parametrize(
    ("error", "exit_code", "says"),
    [
        (CommandFailed("do this"), ExitCode.FAILED, "regulars: do this\n"),
        (CommandFailed("do\nthat", ExitCode.ADDRESS), ExitCode.ADDRESS, "regulars: do that\n"),
        (SettingsInvalid(["a", "b"]), ExitCode.USAGE, "regulars: a; b\n"),
        (DatabaseUnavailable("gone"), ExitCode.DATABASE, "regulars: gone\n"),
        (DatabaseMisconfigured("fsync=off"), ExitCode.DATABASE, "regulars: fsync=off\n"),
        (Refused("key_taken"), ExitCode.FAILED, "regulars: refused: key taken\n"),
        (ZeroDivisionError("x"), ExitCode.FAILED, "unexpected ZeroDivisionError: x"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, ""),
    ],
)
def test_failures_are_one_line(
    error: BaseException, exit_code: ExitCode, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    assert exit_code_of_failures(command) == exit_code
    said = capsys.readouterr().err
    assert says in said and said.count("\n") <= 1


def test_an_unknown_command_is_a_usage_error() -> None:
    failed = run("surf")
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1), failed.stderr


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("example.com", False),
    ],
)
def test_which_addresses_are_of_this_machine_only(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_socket_is_bound_once_and_says_where() -> None:
    with bound_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(CommandFailed, match=f"port {port}") as failed:
            bound_socket("127.0.0.1", port)
        assert failed.value.exit_code == ExitCode.ADDRESS
    with bound_socket("0.0.0.0", 0) as listener:
        assert url_of(listener).startswith("http://127.0.0.1:")
    with pytest.raises(CommandFailed, match=r"192\.0\.2\.1"):
        bound_socket("192.0.2.1", 0)


def test_settings_that_are_handed_down_are_read_back(tmp_path: Path) -> None:
    inherited = {"REGULARS_PORT": "1", "REGULARS_LOG_FORMAT": "json"}
    hand_down(inherited, port=8123, jobs=False, data_directory=tmp_path, workers=3, host=None)
    settings = load_settings(inherited)
    assert (settings.port, settings.jobs, settings.data_directory) == (8123, False, tmp_path)
    assert (settings.workers, settings.log_format, settings.host) == (3, "json", "127.0.0.1")


def test_each_worker_gets_a_listener_of_its_own_and_the_port_is_taken_for_others() -> None:
    listeners = bound_sockets("127.0.0.1", 0, 3)
    ports = {listener.getsockname()[1] for listener in listeners}
    assert len(ports) == 1
    with pytest.raises(CommandFailed):
        bound_sockets("127.0.0.1", ports.pop(), 2)
    for listener in listeners:
        listener.close()
