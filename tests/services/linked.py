"""A program that is linked already when it is to run: loaded into this process as a library, and run in a fork of it.

ffmpeg has two hundred libraries, and linking them is nearly all that a run over a tiny file costs. The loader takes no
program for a library (dlopen(3)), so what it is given is a copy without the flag that says so, DF_1_PIE. A program's
`main` has no name that could be looked up; its first instructions hand it to `__libc_start_main`, so a function of ours
is put in that one's place. Both is of the ELF standard and the C library's interface (elf(5)), no processor's own.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

_LOAD, _DYNAMIC = 1, 2
_STRINGS, _SYMBOLS, _RELOCATIONS, _RELOCATIONS_SIZE, _CALLS, _CALLS_SIZE = 5, 6, 7, 8, 23, 2
_FLAGS_1 = 0x6FFFFFFB
_IS_PROGRAM = 0x08000000
_READ_WRITE = 3
_STARTER = b"__libc_start_main"
_Started = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_Main = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_libc = ctypes.CDLL(None)


@dataclass
class _Elf:
    """A program's file, of 64 bits, linked with shared libraries. KeyError and ValueError for any other."""

    data: bytearray
    _segments: list[tuple[int, ...]] = field(init=False)
    _tags: dict[int, tuple[int, int]] = field(init=False)  # by tag: its value, and where in the file that stands

    def __post_init__(self) -> None:
        if self.data[:5] != b"\x7fELF\x02":
            raise ValueError("it is no ELF program of 64 bits")
        first, size, count = *struct.unpack_from("<Q", self.data, 32), *struct.unpack_from("<HH", self.data, 54)
        self._segments = [struct.unpack_from("<IIQQQQQ", self.data, first + size * n) for n in range(count)]
        dynamic = next((s for s in self._segments if s[0] == _DYNAMIC), None)
        if dynamic is None:
            raise ValueError("it is linked with no shared library")
        self._tags = {}
        for at in range(dynamic[2], dynamic[2] + dynamic[5], 16):
            tag, value = struct.unpack_from("<QQ", self.data, at)
            self._tags.setdefault(tag, (value, at + 8))

    @property
    def entry(self) -> int:
        return int(struct.unpack_from("<Q", self.data, 24)[0])

    def as_library(self) -> bytes:
        flags, at = self._tags[_FLAGS_1]
        changed = bytearray(self.data)
        struct.pack_into("<Q", changed, at, flags & ~_IS_PROGRAM)
        return bytes(changed)

    def slot_of(self, name: bytes) -> int:
        """Where the address of the function `name` is put when the program is linked."""
        for place, symbol in self._wanted():
            if symbol == name:
                return place
        raise KeyError(name)

    def _wanted(self) -> Iterator[tuple[int, bytes]]:
        symbols, strings = self._at(self._tags[_SYMBOLS][0]), self._at(self._tags[_STRINGS][0])
        for table, size in ((_RELOCATIONS, _RELOCATIONS_SIZE), (_CALLS, _CALLS_SIZE)):
            if table in self._tags:
                first = self._at(self._tags[table][0])
                for at in range(first, first + self._tags[size][0], 24):
                    place, info = struct.unpack_from("<QQ", self.data, at)
                    begin = strings + struct.unpack_from("<I", self.data, symbols + 24 * (info >> 32))[0]
                    yield place, bytes(self.data[begin : self.data.index(0, begin)])

    def _at(self, address: int) -> int:
        """Where in the file lies what is at `address` in memory."""
        for kind, _, offset, start, _, size, _ in self._segments:
            if kind == _LOAD and start <= address < start + size:
                return offset + address - start
        raise ValueError(f"nothing of the file is at {address:#x}")


@dataclass(frozen=True)
class Linked:
    """A program in this process, which can become it."""

    name: str
    _entry: int
    _slot: int

    @classmethod
    def load(cls, program: Path, folder: Path) -> Linked:
        """Link `program`; its copy is needed in `folder` only until this returns. OSError when the loader refuses."""
        elf = _Elf(bytearray(program.read_bytes()))
        copy = folder / f"{program.name}.so"
        copy.write_bytes(elf.as_library())
        # Its libraries before Python's own, which may be others of the same names.
        library = ctypes.CDLL(str(copy), mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
        copy.unlink()
        # What dlopen returns begins with the address of the library (struct link_map).
        base = ctypes.c_size_t.from_address(library._handle).value
        return cls(program.name, base + elf.entry, base + elf.slot_of(_STARTER))

    def become(self, arguments: Sequence[str]) -> NoReturn:
        """Run it in this process, which ends as it does: for the child of a fork that has no other thread."""
        words = [self.name, *arguments]
        given = (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)

        def started(main: int, _argc: int, _argv: int) -> int:
            _libc.exit(_Main(main)(len(words), ctypes.addressof(given), None))
            return 0

        ours = _Started(started)
        page = self._slot & -mmap.PAGESIZE
        if _libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), _READ_WRITE):
            raise OSError("the linked program cannot be changed")
        ctypes.c_size_t.from_address(self._slot).value = ctypes.cast(ours, ctypes.c_void_p).value or 0
        ctypes.CFUNCTYPE(None)(self._entry)()
        raise AssertionError(f"{self.name} came back")
