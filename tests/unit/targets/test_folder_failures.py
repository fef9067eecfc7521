"""Promises of backend/targets/folder_failures.py."""

from __future__ import annotations

import errno
import os

import pytest

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.targets.folder_failures import judge, judging


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, TargetParked),
        (errno.EDQUOT, TargetParked),
        (errno.EACCES, TargetParked),
        (errno.EROFS, TargetParked),
        (errno.ENOENT, TargetParked),
        (errno.ENOTDIR, TargetParked),
        (errno.ELOOP, TargetParked),
        (errno.EXDEV, TargetParked),
        (errno.EIO, TransientFailure),
        (errno.ESTALE, TransientFailure),
        (errno.ETIMEDOUT, TransientFailure),
        (errno.ENOTCONN, TransientFailure),
        (errno.EMFILE, TransientFailure),
        (errno.EFBIG, PermanentFailure),
        (errno.ENAMETOOLONG, PermanentFailure),
        (errno.EILSEQ, PermanentFailure),
    ],
)
def test_an_error_of_the_disk_is_judged_and_named(number: int, kind: type[TargetError]) -> None:
    error = judge(OSError(number, os.strerror(number)), "/mnt/nas", "copying")

    assert type(error) is kind
    assert "/mnt/nas" in error.message
    assert error.detail == {"errno": errno.errorcode[number]}


def test_an_error_without_a_number_is_tried_again() -> None:
    with pytest.raises(TransientFailure, match="unknown error"), judging("/mnt/nas", "copying"):
        raise OSError("odd")
