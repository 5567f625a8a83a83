"""How many photos are decoded at a time: as many as there are cores, if nobody has said otherwise."""

import os

import pytest

from regulars.app import photo_limits, shared_decoders
from regulars.settings import Settings


@pytest.mark.parametrize(
    ("cores", "workers", "photo_workers", "expected"),
    [
        (1, 1, None, 1),
        (2, 1, None, 2),
        (2, 2, None, 2),
        (2, 4, None, 2),
        (8, 2, None, 8),
        (8, 1, None, 4),
        (64, 2, None, 8),
        (64, 1, None, 4),
        (64, 1, 16, 16),
        (1, 1, 3, 3),
        (2, 2, 3, 3),
    ],
)
def test_photos_that_are_decoded_at_once(
    cores: int, workers: int, photo_workers: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    settings = Settings(workers=workers, photo_workers=photo_workers)
    assert photo_limits(settings).decoders == expected


@pytest.mark.parametrize(
    ("workers", "photo_workers", "share"), [(1, None, False), (2, None, True), (2, 3, False)]
)
def test_who_shares_decoders(workers: int, photo_workers: int | None, share: bool) -> None:
    settings = Settings(workers=workers, photo_workers=photo_workers)
    assert (shared_decoders(settings) is not None) is share


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
