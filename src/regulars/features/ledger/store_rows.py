"""How the rows of a posting batch travel: each set as one JSON parameter, program ids as text."""

import msgspec

as_json = msgspec.json.Encoder().encode
"""Rows (a list of structs) as the parameter that `json_to_recordset` unpacks."""


def program(program_id: int) -> bytes:
    """The program's id as a parameter of a `Statement`."""
    return b"%d" % program_id
