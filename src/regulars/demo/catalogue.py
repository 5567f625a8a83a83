"""What the demo's children do for points, and what they spend them on."""

import msgspec


class Chore(msgspec.Struct, frozen=True):
    """An earn template to make."""

    title: str
    points: int
    description: str


class Treat(msgspec.Struct, frozen=True):
    """A reward to make, with its price in points."""

    name: str
    cost: int
    description: str


CHORES = (
    Chore("Make the bed", 5, "Before breakfast, pillow included."),
    Chore("Feed the cat", 5, "Biscuits in the morning, water fresh."),
    Chore("Set the table", 8, "Forks on the left."),
    Chore("Empty the dishwasher", 10, "Sharp knives are a grown-up's job."),
    Chore("Read for 20 minutes", 12, "Any book counts, comics too."),
    Chore("Practise an instrument", 15, "Scales first, then something fun."),
    Chore("Homework without being asked", 20, "All of it, and the bag packed."),
    Chore("Tidy the bedroom", 25, "Under the bed counts."),
    Chore("Wash the car", 60, "With a helper for the roof."),
    Chore("Help in the garden", 40, "An hour of weeds or leaves."),
)

TREATS = (
    Treat("Pick the pudding", 60, "Tonight's pudding is your choice."),
    Treat("Half an hour of games", 100, "On the console, homework done."),
    Treat("Stay up late", 150, "One hour, not before a school day."),
    Treat("Ice cream by the river", 180, "Two scoops."),
    Treat("Cinema trip", 450, "Popcorn included."),
    Treat("Swimming with a friend", 600, "You choose the friend, we bring the towels."),
    Treat("A new book", 350, "From the shop on the corner."),
    Treat("Day at the zoo", 1200, "The whole family comes along."),
    Treat("Model railway carriage", 1800, "For the line in the attic."),
)
