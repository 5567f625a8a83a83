"""How many photos that nothing uses a program keeps: what is uploaded and not used within a day is swept."""

from collections.abc import Mapping
from typing import Any

from regulars.base.setting_kinds import Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.photos.model import PhotoQuota

UNUSED_PER_MEMBER = StoredSetting(
    name="photos.unused_per_member",
    holder=Holder.PROGRAM,
    kind=Whole(1, 1000),
    default=20,
    meaning="How many photos of one member may be uploaded in a day without being used for a loan.",
)
UNUSED_PER_PROGRAM = StoredSetting(
    name="photos.unused_per_program",
    holder=Holder.PROGRAM,
    kind=Whole(1, 100_000),
    default=1000,
    meaning="The same for all members together, so that a stolen key cannot fill the disk.",
)


def quota_of(stored: Mapping[str, Any]) -> PhotoQuota:
    """What is in force where `stored` is what the program has set."""
    return PhotoQuota(
        of_owner_max=UNUSED_PER_MEMBER.read_from(stored), of_program_max=UNUSED_PER_PROGRAM.read_from(stored)
    )
