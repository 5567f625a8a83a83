"""What a program may set about memberships."""

from regulars.base.setting_kinds import Choice, Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.memberships.model import Scope, Terms

SCOPE = StoredSetting(
    name="sessions.membership_scope",
    holder=Holder.PROGRAM,
    kind=Choice(tuple(scope.value for scope in Scope)),
    default=Terms().scope.value,
    meaning="Whether a membership that is sold from now on holds at the venue that sold it, "
    "or at every venue of the program.",
)
REWARDS_PER_PERIOD = StoredSetting(
    name="sessions.rewards_per_period",
    holder=Holder.PROGRAM,
    kind=Whole(0, 1_000),
    default=Terms().rewards_per_period,
    meaning="How many rewards each period of a membership grants that is paid from now on.",
)
