"""What a program may set for this contract; what its features read is declared with them."""

from regulars.base.setting_kinds import Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.http.token_issuers import issuer_settings, secret_setting

ISSUER_PREFIX = "fittwin"
ISSUER = (*issuer_settings(ISSUER_PREFIX), secret_setting(ISSUER_PREFIX))
UNKNOWN_RIDS_PER_MINUTE = StoredSetting(
    name="fittwin.unknown_rids_per_minute",
    holder=Holder.PROGRAM,
    kind=Whole(0, 900),
    default=60,
    meaning="How many RIDs that are not theirs a shopper may ask for in a minute; 0 is no limit.",
)
