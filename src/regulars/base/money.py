"""How many decimals the currencies of the world have (ISO 4217), so that money can be kept in integers."""

_DIGITS_USUAL = 2
_CURRENCIES_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {
    currency: digits
    for digits, currencies in _CURRENCIES_BY_DIGITS.items()
    for currency in currencies.split()
}


def minor_digits(currency: str) -> int:
    """How many digits the minor unit takes: 2 for GBP, whose minor unit is the penny, and for unknown codes.

    Source: ISO 4217, list one, column "minor unit".
    """
    return _DIGITS.get(currency, _DIGITS_USUAL)
