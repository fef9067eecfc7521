"""What videos are found and counted by; all of it follows from the other tables, and can be made again from them.

VideoWords   the words that a video is found by, as `catalog.words` writes them. The index of them is the database's
             own: FTS5 on SQLite, GIN on PostgreSQL (migration 0006).
CountChange  one change of one count, written by the database's triggers in the transaction that makes the change.
Count        the sum of changes up to the last fold. What is true now is `counts` and `count_log` together. `kind`:
             what is counted, see `catalog.counts`; with a "*" over all projects together, `project_id` is "" then.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.catalog.models.base import Base

# SQLite counts up by itself only what is called INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class VideoWords(Base):
    __tablename__ = "video_words"

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    words: Mapped[str] = mapped_column(Text)


class CountChange(Base):
    __tablename__ = "count_log"

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    project_id: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    count: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)


class Count(Base):
    __tablename__ = "counts"

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    project_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_counts_most", "kind", "project_id", "count"),)
