"""What a list of done earn templates is worth. Pure."""

from collections.abc import Mapping, Sequence

from regulars.base.refusals import Refused
from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.rewards.model import EarnTemplate, PricedTemplate, Pricing

TEMPLATES_MAX = 50
"""How many different templates one token may name: its QR code has to stay readable."""
COUNT_MAX = 1000
"""How often one template may be counted at once."""


def checked_counts(counts: Sequence[tuple[int, int]]) -> dict[int, int]:
    """How often each template is counted, in the order of first mention; mentions of one add up.

    `counts` are pairs of template id and count. Refuses with `invalid_templates` an empty list, more
    than 50 templates, and a count outside 1 to 1,000.
    """
    totals: dict[int, int] = {}
    for template_id, count in counts:
        if type(template_id) is not int or type(count) is not int or not 1 <= count <= COUNT_MAX:
            raise Refused("invalid_templates")
        totals[template_id] = totals.get(template_id, 0) + count
    if not 1 <= len(totals) <= TEMPLATES_MAX or max(totals.values()) > COUNT_MAX:
        raise Refused("invalid_templates")
    return totals


def price_templates(templates: Mapping[int, EarnTemplate], counts: Sequence[tuple[int, int]]) -> Pricing:
    """The total of the counted templates, at the points they have now.

    Refusals, in this order: `invalid_templates` (see `checked_counts`), `TEMPLATE_MISSING` with
    `template_id` for one that is gone or switched off, `invalid_templates` for a total above 2^53 − 1.
    """
    priced = []
    for template_id, count in checked_counts(counts).items():
        template = templates.get(template_id)
        if template is None or not template.active:
            raise Refused("TEMPLATE_MISSING", template_id=template_id)
        priced.append(PricedTemplate(template_id, template.title, template.points, count))
    total = sum(template.points * template.count for template in priced)
    if total > AMOUNT_MAX:
        raise Refused("invalid_templates")
    return Pricing(total, tuple(priced))
