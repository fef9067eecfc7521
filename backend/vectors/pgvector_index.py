"""PostgreSQL with the extension `vector`: one table for each space, which all processes share.

The table is unlogged: it costs little to write, is empty after the database crashed, and is made anew then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.errors import VectorIndexFailed
from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex, told_in_words
from backend.vectors.place_file import PlaceFile

_CONNECT_SECONDS = 5
# What the extension can make a graph (HNSW) of; more dimensions are compared one by one.
_MOST_DIMENSIONS_IN_GRAPH = 2_000
# The extension's own limit on how many a search in the graph looks at.
_MOST_IN_GRAPH = 1_000
_LEAST_IN_GRAPH = 200


class PgvectorIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        if not space.url:
            raise VectorIndexFailed("VECTOR_INDEX=pgvector needs PostgreSQL: set VECTOR_INDEX_URL, or DATABASE_URL.")
        self._place = PlaceFile(space.folder / f"{space.name}.place")
        self._connection = _connected(space.url)
        try:
            with told_in_words("The table of vectors could not be made"):
                self._make_table()
        except BaseException:
            self._connection.close()
            raise

    @property
    def place(self) -> int:
        return self._place.read()

    def keep(self, place: int) -> None:
        with self._at("be kept"):
            self._place.write(place)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __len__(self) -> int:
        with self._at("be counted"):
            row = self._connection.execute(self._sql("SELECT count(*) FROM {}")).fetchone()
            return int(row[0])

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        statement = self._sql(
            "INSERT INTO {} (id, vector) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET vector = EXCLUDED.vector"
        )
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(statement, list(zip(ids, units, strict=True)))

    def _drop(self, ids: Sequence[str]) -> None:
        self._connection.execute(self._sql("DELETE FROM {} WHERE id = ANY(%s)"), [list(ids)])

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        asked = self._sql("SELECT id, 1 - (vector <=> %(unit)s) FROM {} ORDER BY vector <=> %(unit)s LIMIT %(limit)s")
        in_graph = max(_LEAST_IN_GRAPH, 2 * limit)
        with self._connection.transaction():
            if in_graph > _MOST_IN_GRAPH:
                self._connection.execute("SET LOCAL enable_indexscan = off")
            else:
                self._connection.execute(f"SET LOCAL hnsw.ef_search = {in_graph}")
            rows = self._connection.execute(asked, {"unit": unit, "limit": limit}).fetchall()
        return [Hit(str(id_), float(score)) for id_, score in rows]

    def _empty(self) -> None:
        # First: a place must not stand for what is gone.
        self._place.write(0)
        self._connection.execute(self._sql("TRUNCATE {}"))

    def _make_table(self) -> None:
        from pgvector.psycopg import register_vector

        if not self._connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone():
            self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        register_vector(self._connection)
        dimensions = self.space.dimensions
        self._connection.execute(
            self._sql(
                f"CREATE UNLOGGED TABLE IF NOT EXISTS {{}} (id text PRIMARY KEY, vector vector({dimensions}) NOT NULL)"
            )
        )
        if dimensions <= _MOST_DIMENSIONS_IN_GRAPH:
            graph = f"CREATE INDEX IF NOT EXISTS {self.space.name}_graph ON {{}} USING hnsw (vector vector_cosine_ops)"
            self._connection.execute(self._sql(graph))

    def _sql(self, statement: str) -> bytes:
        """With the name of the table, which is letters and digits."""
        return statement.replace("{}", self.space.name).encode()


def _connected(url: str) -> Any:
    with told_in_words("PostgreSQL, for the index of vectors, does not answer"):
        import psycopg

        return psycopg.connect(
            url.replace("postgresql+psycopg://", "postgresql://", 1), autocommit=True, connect_timeout=_CONNECT_SECONDS
        )


KIND = IndexKind("pgvector", PgvectorIndex, exact=False, proved_here=True, shared=True, needs=("pgvector",))
