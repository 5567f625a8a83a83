"""`regulars bench webhooks` runs to its end, loses no webhook, and leaves nothing behind."""

from pathlib import Path

from tests.cli.benchmarks import measured, rows_of


def test_webhooks_are_measured_beside_the_client(database_url: str, data: Path, tmp_path: Path) -> None:
    small = ("--events", "1600", "--turns", "1")
    said = measured("webhooks", database_url, data, tmp_path / "table.md", *small)
    rows = rows_of(said)
    assert [row[0] for row in rows] == [
        "HTTP client alone", "deliveries, 1 endpoint", "HTTP client alone", "deliveries, 8 endpoints",
    ]  # fmt: skip
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.replace(",", "")) > 0 for figure in figures), what
        assert failures == "0" and bool(ratio) == what.startswith("deliveries"), what
    assert "every webhook arrived once" in said
