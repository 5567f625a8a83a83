"""What somebody finds who reads the whole database, and how a key could be written there."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import blake2b, md5, sha1, sha256, sha512

import psycopg
from psycopg import sql


def everything_stored(database_url: str) -> str:
    """Every row of every table, as text."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        rows = [
            row
            for (table,) in tables
            for (row,) in connection.execute(
                sql.SQL("select t::text from {} t").format(sql.Identifier(table))
            )
        ]
    return "\n".join(rows)


def spellings(key: str) -> list[str]:
    """The key, its secret part, and all that a dump could hold of it without the server's secret."""
    raw = key.encode()
    digests = [raw, *(hash_(raw).digest() for hash_ in (md5, sha1, sha256, sha512, blake2b))]
    encoded = [
        text
        for digest in digests
        for text in (digest.hex(), b64encode(digest).decode(), urlsafe_b64encode(digest).decode().rstrip("="))
    ]
    return [key, key[12:], *encoded]
