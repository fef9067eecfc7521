"""The local file as the bodies of requests: never in memory as a whole, counted as it goes, hashed ahead of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from googleapiclient.http import MediaUpload

from backend.targets.local_file import LocalFile, damaged

_SEND_BYTES = 256 * 1024


class Chunk:
    """One stretch of the file as a request's body. Sent again it begins anew, which a stream would not."""

    def __init__(self, local: LocalFile, offset_bytes: int, size_bytes: int, advance: Callable[[int], None]) -> None:
        self._local = local
        self._offset_bytes = offset_bytes
        self._size_bytes = size_bytes
        self._advance = advance

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[memoryview]:
        done_bytes = self._offset_bytes
        self._advance(done_bytes)
        for piece in self._local.pieces(self._offset_bytes, self._size_bytes, _SEND_BYTES):
            yield piece
            done_bytes += len(piece)
            self._advance(done_bytes)


class Digests:
    """MD5 and SHA-256 of the file, taken by a thread that stays one chunk ahead of the sending."""

    def __init__(self, local: LocalFile) -> None:
        self._local = local
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._reached_bytes = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drive-hash")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def start(self, end_bytes: int) -> None:
        """Hash on to `end_bytes` in the background."""
        self._last = self._thread.submit(self._reach, min(end_bytes, self._local.source.size_bytes))

    def _reach(self, end_bytes: int) -> None:
        for piece in self._local.pieces(self._reached_bytes, max(0, end_bytes - self._reached_bytes)):
            self._md5.update(piece)
            self._sha256.update(piece)
            self._reached_bytes += len(piece)

    def finish(self) -> str:
        """Hash the rest and return the MD5 in hex; PermanentFailure when the file is not what was saved."""
        self.start(self._local.source.size_bytes)
        assert self._last is not None
        self._last.result()
        if self._sha256.hexdigest() != self._local.source.sha256:
            raise damaged(self._local.source, "another SHA-256")
        return self._md5.hexdigest()


class Media(MediaUpload):  # type: ignore[misc] # Google's client has no types
    """What Google's client asks for the bytes of a resumable upload.

    It gives no stream: the client would not rewind it when it sends a chunk again. The last chunk is handed out only
    after the whole file was hashed and found to be what was saved. `before_bytes` is called before each chunk.
    """

    def __init__(self, local: LocalFile, digests: Digests, chunk_bytes: int, advance: Callable[[int], None]) -> None:
        self._local = local
        self._digests = digests
        self._chunk_bytes = chunk_bytes
        self._advance = advance
        self.before_bytes: Callable[[], None] = lambda: None

    def chunksize(self) -> int:
        return self._chunk_bytes

    def mimetype(self) -> str:
        return self._local.source.mime_type

    def size(self) -> int:
        return self._local.source.size_bytes

    def resumable(self) -> bool:
        return True

    def has_stream(self) -> bool:
        return False

    def stream(self) -> Any:
        raise NotImplementedError("chunks are bodies of their own")

    def getbytes(self, begin: int, length: int) -> Chunk:
        self.before_bytes()
        size_bytes = min(length, self.size() - begin)
        if begin + size_bytes == self.size():
            self._digests.finish()
        else:
            self._digests.start(begin + size_bytes + self._chunk_bytes)
        return Chunk(self._local, begin, size_bytes, self._advance)
