"""The `fields` parameter: which parts of an answer the caller wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from tests.services.drive.replies import Refused, refused

# None selects all that is below.
Mask: TypeAlias = "dict[str, Mask] | None"
Resource: TypeAlias = Mapping[str, object]

_TOKEN = re.compile(r"\s*([A-Za-z0-9_]+|[*,()/])")

_FILE_NAMES = """
    appProperties capabilities contentHints contentRestrictions copyRequiresWriterPermission createdTime description
    driveId explicitlyTrashed exportLinks fileExtension folderColorRgb fullFileExtension hasAugmentedPermissions
    hasThumbnail headRevisionId iconLink id imageMediaMetadata inheritedPermissionsDisabled isAppAuthorized kind
    labelInfo lastModifyingUser linkShareMetadata md5Checksum mimeType modifiedByMe modifiedByMeTime modifiedTime name
    originalFilename ownedByMe owners parents permissionIds permissions properties quotaBytesUsed resourceKey
    sha1Checksum sha256Checksum shared sharedWithMeTime sharingUser shortcutDetails size spaces starred teamDriveId
    thumbnailLink thumbnailVersion trashed trashedTime trashingUser version videoMediaMetadata viewedByMe
    viewedByMeTime viewersCanCopyContent webContentLink webViewLink writersCanShare
"""
FILE_FIELDS = frozenset(_FILE_NAMES.split())
LIST_FIELDS = frozenset({"kind", "nextPageToken", "incompleteSearch", "files"})


def file_mask(text: str | None) -> Mask:
    return _checked(text or "kind,id,name,mimeType", FILE_FIELDS)


def list_mask(text: str | None) -> Mask:
    mask = _checked(text or "kind,nextPageToken,incompleteSearch,files(kind,id,name,mimeType)", LIST_FIELDS)
    if mask and mask.get("files"):
        _check_names(mask["files"] or {}, FILE_FIELDS, "files/")
    return mask


def free_mask(text: str) -> Mask:
    """For resources whose fields are not checked by name."""
    return _Parser(text).parse()


def _checked(text: str, known: frozenset[str]) -> Mask:
    mask = _Parser(text).parse()
    _check_names(mask or {}, known)
    return mask


def _check_names(mask: dict[str, Mask], known: frozenset[str], prefix: str = "") -> None:
    for name in mask:
        if name != "*" and name not in known:
            raise _bad(prefix + name)


def _bad(selection: str) -> Refused:
    return refused(400, "invalidParameter", f"Invalid field selection {selection}", location="fields")


def select(value: object, mask: Mask) -> object:
    """The parts of `value` that `mask` names. A callable in it is computed only when it is wanted."""
    if callable(value):
        value = value()
    if isinstance(value, list):
        return [select(item, mask) for item in value]
    if not isinstance(value, Mapping):
        return value
    if mask is None or "*" in mask:
        return {name: select(item, None) for name, item in value.items() if item is not None}
    return {name: select(value[name], below) for name, below in mask.items() if value.get(name) is not None}


class _Parser:
    """selection = path *("," path); path = name [("/" path) / ("(" selection ")")]."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if _TOKEN.sub("", text).strip():
            raise _bad(text)

    def parse(self) -> Mask:
        mask = self._selection()
        if self._tokens:
            raise _bad(self._text)
        return mask

    def _selection(self) -> dict[str, Mask]:
        mask: dict[str, Mask] = {}
        while True:
            name, below = self._path()
            if name in mask and mask[name] is not None and below is not None:
                below = {**(mask[name] or {}), **below}
            mask[name] = below
            if not self._take(","):
                return mask

    def _path(self) -> tuple[str, Mask]:
        name = self._tokens.pop(0) if self._tokens else ""
        if not name or name in ",()/":
            raise _bad(self._text)
        if self._take("/"):
            below_name, below = self._path()
            return name, {below_name: below}
        if self._take("("):
            inner = self._selection()
            if not self._take(")"):
                raise _bad(self._text)
            return name, inner
        return name, None

    def _take(self, token: str) -> bool:
        if self._tokens[:1] == [token]:
            self._tokens.pop(0)
            return True
        return False
