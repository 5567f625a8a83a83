"""What the operator is told when a feature refuses."""

import inspect
import re

import pytest
from msgspec.structs import fields

from regulars.base.refusals import Refused
from regulars.cli.refusals import PROMO_FIELDS, SCHEME_FIELDS, sentence_of
from regulars.features.promos.model import PromoTerms
from regulars.features.tiers import rules_setting


def test_every_field_of_a_promo_has_a_sentence() -> None:
    assert PROMO_FIELDS.keys() == {field.name for field in fields(PromoTerms)} | {"expires_at"}


def test_every_field_of_a_scheme_has_a_sentence() -> None:
    raised = re.findall(r'(?:_invalid|_percent)\([^"]*?"(\w+)"\)', inspect.getsource(rules_setting))
    assert set(raised) == SCHEME_FIELDS.keys()


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (Refused("key_taken"), "refused: key taken"),
        (Refused("unheard_of", name="x"), "refused: unheard of {'name': 'x'}"),
        (Refused("slug_taken"), "refused: slug taken: another one has this slug; choose one with --slug"),
        (Refused("invalid_scheme", field="period_days"),
            "refused: invalid scheme: --period-days is from 1 to 3650"),
        (Refused("invalid_promo", field="new_field"), "refused: invalid promo {'field': 'new_field'}"),
    ],
)  # fmt: skip
def test_a_refusal_is_its_code_in_words_and_the_rule(refused: Refused, sentence: str) -> None:
    assert sentence_of(refused) == sentence
