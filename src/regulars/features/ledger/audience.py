"""Which programs' transfers somebody is told of, as a process saw it last."""


class Audience:
    """A guess at whether an earn has to be told, which saves asking before it is booked.

    It decides nothing. Where it is wrong, an earn by itself is left out and goes the usual way, which finds
    out what is true, or it goes by the statement that would have told of it.
    """

    def __init__(self) -> None:
        self._programs: set[int] = set()

    def listens(self, program_id: int) -> bool:
        """Whether somebody was told of the program's transfers when it was noted last."""
        return program_id in self._programs

    def note(self, program_id: int, *, is_told: bool) -> None:
        """What a transaction has just seen."""
        if is_told:
            self._programs.add(program_id)
        else:
            self._programs.discard(program_id)
