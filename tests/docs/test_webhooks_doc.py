"""What docs/webhooks.md says: its examples verify real webhooks, and its figures are the server's."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regulars.cli.webhooks.commands import webhooks as commands
from regulars.db.database import Database
from regulars.features.webhooks import endpoints, rules
from regulars.features.webhooks.line import ABREAST_MAX
from regulars.features.webhooks.rules_addresses import PORT_MIN
from regulars.features.webhooks.sending import SECONDS_MAX
from regulars.jobs.upkeep import TOLD_EVENTS_KEPT
from tests.support.webhook_endpoints import EVENT, Received, Telling, receiving

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")

PYTHON_CALL = """
import json, sys
told = json.load(sys.stdin)
print(json.dumps([verify(one["secret"], one["headers"], one["body"].encode()) for one in told]))
"""
JAVASCRIPT_CALL = """
const told = JSON.parse(require("node:fs").readFileSync(0));
console.log(JSON.stringify(told.map((one) => verify(one.secret, one.headers, Buffer.from(one.body)))));
"""


def node() -> str:
    """Node's program. Without it the test is skipped, but in CI it fails: there it is installed."""
    program = shutil.which("node") or shutil.which("nodejs")
    if program is None:
        missing = "no Node: install nodejs"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return program


def example(language: str) -> str:
    """The code of the page in this language."""
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(code)


async def webhooks_of(database: Database) -> list[dict[str, object]]:
    """A webhook during a rotation under both secrets, and what must not be taken for one."""
    telling = await Telling.create(database)
    telling.now = datetime.now(UTC)
    async with receiving() as receiver:
        old = await telling.add(receiver.url("/ok"))
        async with telling.database.transaction() as connection:
            new = await endpoints.rotate_secret(
                connection, telling.seal, telling.program_id, 1, overlap=timedelta(days=1), now=telling.now
            )
        await telling.emit(EVENT, data={"loan_id": "ü"})
        await telling.deliver()
        telling.pass_time(timedelta(minutes=-6))
        await telling.emit(EVENT)
        await telling.deliver()
        telling.pass_time(timedelta(minutes=12))
        await telling.emit(EVENT)
        await telling.deliver()
        webhook, early, late = receiver.received
    other = old.secret[:-5] + ("AAAA=" if not old.secret.endswith("AAAA=") else "BBBB=")
    return [
        _case(new.secret, webhook),
        _case(old.secret, webhook),
        _case(other, webhook),
        _case(new.secret, webhook, changed=" "),
        _case(new.secret, early),
        _case(new.secret, late),
    ]


def _case(secret: str, webhook: Received, changed: str = "") -> dict[str, object]:
    return {"secret": secret, "headers": webhook.headers, "body": webhook.body.decode() + changed}


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_the_examples_verify_what_arrives(database: Database, language: str) -> None:
    program = {"python": [sys.executable, "-c"], "javascript": [node(), "-e"]}[language]
    call = {"python": PYTHON_CALL, "javascript": JAVASCRIPT_CALL}[language]
    told = json.dumps(await webhooks_of(database))
    ended = subprocess.run(
        [*program, example(language) + call], input=told, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [True, True, False, False, False, False]


def test_the_schedule_is_that_of_the_server() -> None:
    units = {"seconds": 1, "minutes": 60, "hours": 3600}
    rows = re.findall(r"^\| (\d+) \| (\d+) (\w+) \|$", TEXT, re.MULTILINE)
    assert [int(failures) for failures, _, _ in rows] == list(range(1, len(rules.DELAYS) + 1))
    assert [timedelta(seconds=int(n) * units[unit]) for _, n, unit in rows] == list(rules.DELAYS)
    assert "longer by up to a tenth" in TEXT and rules.JITTER == 0.1
    assert "the tenth failure" in TEXT and rules.ATTEMPTS_MAX == 10


def test_the_limits_are_those_of_the_server() -> None:
    assert f"**Answer within {SECONDS_MAX:.0f} seconds**" in TEXT
    assert f"up to {ABREAST_MAX} requests are under way" in TEXT
    assert f"port 443 or one from {PORT_MIN} on" in TEXT
    assert "kept for two months" in TEXT and TOLD_EVENTS_KEPT == timedelta(days=60)
    assert rules.UNREADABLE.partition(":")[0] in TEXT


def test_the_commands_are_there() -> None:
    used = set(re.findall(r"regulars webhooks (\w+)", TEXT))
    assert used <= set(commands)
    assert used >= {"add", "test", "rotate", "list", "deliveries", "replay", "events", "disable"}
