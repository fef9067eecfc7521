"""Which call a request means."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import parse_qsl

from tests.services.drive.creation import Params, parse_metadata
from tests.services.drive.drives import Drives
from tests.services.drive.faults import Fault
from tests.services.drive.files import Files
from tests.services.drive.model import Caller, World
from tests.services.drive.plan import Kind
from tests.services.drive.replies import Reply, file_not_found, invalid, plain_reply, refused
from tests.services.drive.tokens import Tokens
from tests.services.drive.uploads import Uploads
from tests.services.drive.wire import Call, Request

_UPLOAD = re.compile(r"(?:/resumable)?/upload/drive/v3/files(?:/([^/]+))?")
_FILE = re.compile(r"/drive/v3/files/([^/]+)")
_DRIVE = re.compile(r"/drive/v3/drives(?:/([^/]+))?")


def kind_of(request: Request) -> Kind:
    """The class of a request, by which faults choose."""
    path = request.path_without_query
    if path in ("/token", "/revoke"):
        return "token"
    if path == "/o/oauth2/auth":
        return "consent"
    if _UPLOAD.fullmatch(path):
        return "session" if "upload_id" in request.query else "start"
    return "download" if request.query.get("alt") == "media" else "metadata"


class Routes:
    def __init__(self, world: World, tokens: Tokens, files: Files, uploads: Uploads) -> None:
        self._world = world
        self._tokens = tokens
        self._files = files
        self._uploads = uploads
        self._drives = Drives(world)

    def answer(self, call: Call, fault: Fault | None) -> Reply:
        match call.request.kind:
            case "token":
                return self._oauth(call)
            case "consent":
                return self._tokens.consent(call.request.query)
            case "session":
                return self._session(call, fault)
        caller = self._caller(call)
        params = Params(call.request.query)
        if match := _UPLOAD.fullmatch(call.request.path_without_query):
            return self._upload(call, caller, params, match[1])
        return self._api(call, caller, params)

    def _oauth(self, call: Call) -> Reply:
        if call.request.method != "POST":
            return plain_reply(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed")
        body = call.body.read()
        if call.request.path_without_query == "/token":
            return self._tokens.token(body, call.header("Authorization"))
        return self._tokens.revoke_token({**call.request.query, **dict(parse_qsl(body.decode()))})

    def _session(self, call: Call, fault: Fault | None) -> Reply:
        """The address itself authorises; a header that comes all the same must be right, before anything is stored."""
        if call.header("Authorization") is not None:
            self._caller(call)
        upload_id = call.request.query["upload_id"]
        match call.request.method:
            case "PUT":
                return self._uploads.put(upload_id, call, fault)
            case "DELETE":
                return self._uploads.cancel(upload_id)
        return plain_reply(HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed")

    def _caller(self, call: Call) -> Caller:
        header = call.header("Authorization")
        if header is None:
            raise refused(401, "required", "Login Required.", location="Authorization", kind="header")
        caller = self._tokens.caller(header)
        call.request.authorised_as = caller.email
        reads = call.request.method == "GET"
        if not caller.scopes or not (reads or caller.may_write) or not any("/auth/drive" in s for s in caller.scopes):
            raise refused(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        return caller

    def _upload(self, call: Call, caller: Caller, params: Params, file_id: str | None) -> Reply:
        if call.request.method != ("PATCH" if file_id else "POST"):
            return plain_reply(HTTPStatus.NOT_FOUND, "Not Found")
        match params.text("uploadType"):
            case "resumable":
                return self._uploads.start(caller, params, call, file_id)
            case "multipart" | "media":
                return self._uploads.whole(caller, params, call, file_id)
        raise invalid("uploadType")

    def _api(self, call: Call, caller: Caller, params: Params) -> Reply:
        method, path = call.request.method, call.request.path_without_query
        match method, path:
            case "GET", "/drive/v3/files":
                return self._files.find(caller, params)
            case "POST", "/drive/v3/files":
                item = self._files.make(caller, params, parse_metadata(call.body.read()), None)
                return self._files.show(caller, params, item)
            case "GET", "/drive/v3/files/generateIds":
                return self._files.generate_ids(caller, params)
            case "GET", "/drive/v3/about":
                return self._drives.about(caller, params)
        if found := _FILE.fullmatch(path):
            return self._file(call, caller, params, found[1])
        if (found := _DRIVE.fullmatch(path)) and method == "GET":
            return self._drives.get(caller, params, found[1]) if found[1] else self._drives.list_all(caller, params)
        return plain_reply(HTTPStatus.NOT_FOUND, "Not Found")

    def _file(self, call: Call, caller: Caller, params: Params, file_id: str) -> Reply:
        match call.request.method:
            case "GET":
                return self._files.get(caller, params, file_id, call.header("Range"))
            case "PATCH":
                return self._files.update(caller, params, file_id, parse_metadata(call.body.read()))
            case "DELETE":
                return self._files.delete(caller, params, file_id)
        raise file_not_found(file_id)
