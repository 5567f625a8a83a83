"""Phone numbers in one spelling."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

NO_REGION = "ZZ"
"""Stands for no country, from which no number can be dialled without its country code."""


def to_e164(raw: str, region: str = "GB") -> str | None:
    """The number in E.164 form ("+447700900123"), or None when it cannot be one.

    `region` (ISO 3166-1) is where a number without a country code is dialled from. The number has
    to be possible, not assigned: numbering plans change faster than software is updated.
    A number with an extension is refused, because E.164 would make one person of a whole office.
    """
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_region(code: str) -> bool:
    """Whether the phone numbers of a country (ISO 3166-1, two capital letters) are known."""
    return code in phonenumbers.SUPPORTED_REGIONS
