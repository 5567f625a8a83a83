"""What happens in the demo arrives at its receiver, and verifies; also after a restart, and after trouble."""

import html
import re
from pathlib import Path

import httpx2

from tests.cli.processes import Server, eventually, serving, variables


def earn(demo: Server, directory: Path) -> str:
    """The id of a transfer that was just made."""
    key = variables(directory / "demo.env")["CK_ADMIN_KEY"]
    answer = httpx2.post(
        f"{demo.url}/ck/earn",
        json={"user_id": "leo", "amount": 3},
        headers={"x-admin-key": key, "x-actor-role": "admin"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["txId"])


def arrived(directory: Path, transfer_id: str) -> list[str]:
    """What the receiver's page says of the webhooks about a transfer."""
    page = html.unescape(httpx2.get(variables(directory / "demo.env")["WEBHOOK_RECEIVER_URL"]).text)
    sections = re.findall(r"<section.*?</section>", page, re.S)
    return [section for section in sections if f'"transfer_id": "{transfer_id}"' in section]


def test_what_happens_is_told_and_verifies(demo: Server, demo_directory: Path, tmp_path: Path) -> None:
    known = variables(demo_directory / "demo.env")
    receiver = known["WEBHOOK_RECEIVER_URL"]
    assert f"webhooks       {receiver}" in re.sub(" {4,}", " " * 7, demo.said())
    transfer_id = earn(demo, demo_directory)
    eventually(lambda: arrived(demo_directory, transfer_id))
    [section] = arrived(demo_directory, transfer_id)
    assert "transfer.earned" in section and ">Verified<" in section

    httpx2.post(f"{receiver}answer", data={"status": "500"})
    refused = earn(demo, demo_directory)
    eventually(lambda: arrived(demo_directory, refused))
    httpx2.post(f"{receiver}answer", data={"status": "200"})
    eventually(lambda: len(arrived(demo_directory, refused)) == 2, 30)
    assert "which came before" in arrived(demo_directory, refused)[0]
    demo.stop()

    with serving(tmp_path / "again.log", "demo", "--data", str(demo_directory)) as second:
        transfer_id = earn(second, demo_directory)
        eventually(lambda: arrived(demo_directory, transfer_id))
        assert ">Verified<" in arrived(demo_directory, transfer_id)[0]
