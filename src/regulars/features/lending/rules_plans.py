"""Which plans a program has, and which of them is meant. Pure."""

from collections.abc import Mapping

from regulars.features.access.model import Program
from regulars.features.lending.model import Plan
from regulars.features.lending.model_settings import PLANS, USUAL_PLANS, is_plan, is_plan_name

Plans = Mapping[str, Plan]


def plans_of(program: Program) -> Plans:
    """The program's plans by name. What is stored and describes none counts as not set."""
    stored = PLANS.read_from(program.settings)
    plans = {
        name: Plan(**{**plan, "name": name, "handles": tuple(plan.get("handles", ()))})
        for name, plan in stored.items()
        if is_plan_name(name) and is_plan(plan)
    }
    return plans or {plan.name: plan for plan in USUAL_PLANS}


def plan_named(plans: Plans, name: str) -> Plan:
    """What the plan allows; one that the program has no longer allows nothing."""
    return plans.get(name) or Plan(name, 0, 0, 0)


def plan_meant(plans: Plans, text: str) -> Plan | None:
    """The plan with this name or handle, in whatever case, or None."""
    wanted = text.strip().casefold()
    for plan in plans.values():
        if wanted in (plan.name.casefold(), *(handle.casefold() for handle in plan.handles)):
            return plan
    return None


def first_plan(plans: Plans) -> Plan:
    """The plan of those who did not choose one: BASIC where there is one, else the first."""
    return plans.get("BASIC") or next(iter(plans.values()))
