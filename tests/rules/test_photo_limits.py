"""How many photos one process decodes at a time: as many as its share of the cores, if nobody has said so."""

import os

import pytest

from regulars.app import photo_limits
from regulars.settings import Settings


@pytest.mark.parametrize(
    ("cores", "workers", "photo_workers", "expected"),
    [
        (1, 1, None, 1),
        (2, 1, None, 2),
        (2, 2, None, 1),
        (2, 4, None, 1),
        (8, 2, None, 4),
        (64, 1, None, 4),
        (64, 1, 16, 16),
        (1, 1, 3, 3),
    ],
)
def test_photos_that_are_decoded_at_once(
    cores: int, workers: int, photo_workers: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    settings = Settings(workers=workers, photo_workers=photo_workers)
    assert photo_limits(settings).decoders == expected


def test_limits_are_those_of_the_settings() -> None:
    limits = photo_limits(
        Settings(
            photo_bytes_max=5000,
            photo_pixels_max=6000,
            photo_edge_pixels_max=700,
            thumbnail_edge_pixels_max=80,
        )
    )
    assert (limits.received_bytes_max, limits.pixels_max) == (5000, 6000)
    assert (limits.side_max, limits.thumbnail_side_max) == (700, 80)
