"""Arrays reach PostgreSQL as what they were; tests/store sends awkward ones there."""

import pytest

from regulars.db.arrays import plain_array, text_array


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "{}"),
        (["a"], '{"a"}'),
        (["a", "b", "a"], '{"a","b","a"}'),
        (["", None, "NULL"], '{"",NULL,"NULL"}'),
        (["a,b", "{c}"], '{"a,b","{c}"}'),
        (['say "yes"', "back\\slash"], '{"say \\"yes\\"","back\\\\slash"}'),
        (["\\x00ff"], '{"\\\\x00ff"}'),
        (["naïve 漢"], '{"naïve 漢"}'),
    ],
)
def test_texts(values: list[str | None], text: str) -> None:
    assert text_array(values) == text.encode()


def test_what_needs_no_quotes() -> None:
    assert plain_array(["1", "2"]) == b"{1,2}"
    assert plain_array([]) == b"{}"
