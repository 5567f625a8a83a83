"""Questions of many requests that go out together: one exchange for as many as are waiting."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import psycopg

from regulars.base.gathered_lookup import GatheredLookup
from regulars.db.database import Database, DatabaseUnavailable
from regulars.db.pipeline import Pipeline

T = TypeVar("T")
Question = Callable[[Pipeline], Any]

QUESTIONS_MAX = 32
"""How many go out together: each waits until all of them are answered."""


class GatheredReads:
    """One per process, for reads that need no transaction of their own.

    A question that comes alone goes out at once. In a crowd, a connection and an exchange for each cost more
    than the answers, so those that come while two exchanges are under way go out together as the next one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._questions: GatheredLookup[Question, Any] = GatheredLookup(self._ask, keys_max=QUESTIONS_MAX)

    async def ask(self, question: Callable[[Pipeline], T]) -> T:
        """What `question` returns, once all that it has sent through the pipeline is answered.

        It only sends, and reads; it may be called twice. The statements of one question see one another's
        settings and nobody else's locks; they are no snapshot. Raises DatabaseUnavailable, and the error of
        a statement that the server refused, or that cannot be sent, to whoever asked for it.
        """
        answer = await self._questions.get(question)
        if isinstance(answer, _Refused):
            raise answer.error
        return cast(T, answer)

    async def _ask(self, questions: Sequence[Question]) -> dict[Question, Any]:
        async with self._database.connection() as connection:
            pipeline = Pipeline(connection)
            answers = {question: _answer(question, pipeline) for question in questions}
            try:
                await pipeline.flush()
            except psycopg.Error:
                if connection.closed:
                    raise
            else:
                return answers
            # One of them was refused, and the others with it.
            for question in questions:
                alone = Pipeline(connection)
                answers[question] = _answer(question, alone)
                try:
                    await alone.flush()
                except psycopg.Error as error:
                    if connection.closed:
                        raise
                    is_passing = isinstance(error, psycopg.OperationalError)
                    answers[question] = _Refused(DatabaseUnavailable(str(error)) if is_passing else error)
        return answers


class _Refused:
    """What a question came to that has no answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _answer(question: Question, pipeline: Pipeline) -> Any:
    try:
        return question(pipeline)
    except Exception as error:
        return _Refused(error)
