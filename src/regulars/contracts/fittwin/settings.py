"""What a program may set for this contract; what its features read is declared with them."""

from regulars.http.token_issuers import issuer_settings, secret_setting

ISSUER_PREFIX = "fittwin"
ISSUER = (*issuer_settings(ISSUER_PREFIX), secret_setting(ISSUER_PREFIX))
