"""Whether this is the long run: `make soak` sets REGULARS_SOAK=1."""

import os
from typing import Any

import pytest

IS_SOAK = os.environ.get("REGULARS_SOAK") == "1"

as_long_as_asked: list[Any] = [pytest.mark.soak] if IS_SOAK else []
"""For `pytestmark` of tests that exist in one version only, whose size `bounded` decides."""


def bounded(usual: int, soak: int) -> int:
    """How much of something a test does: what an ordinary run can afford, or what a soak asks for."""
    return soak if IS_SOAK else usual
