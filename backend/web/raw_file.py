"""What a request whose body is the file itself says of it: name, fields, digest. Both doors below /uploads use it.

The name comes in Content-Disposition (RFC 6266, `filename*` first), else as ?filename=, else in the address of a PUT;
the fields of the form come in the query. Clients of tus that also speak the IETF draft send name and fields in
Upload-Metadata; what the query says counts before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from backend.intake import checks
from backend.intake.checks import Facts, Fields
from backend.web import digests, disposition, tus_headers
from backend.web.access import person
from backend.web.upload_body import refuse_content_coding


@dataclass(frozen=True)
class Description:
    """Checked as far as it can be before the bytes come. `wait`: as given, "" for none."""

    filename: str
    fields: Fields
    facts: Facts
    wait: str


def described(request: Request, name_in_address: str, *, is_whole: bool = False) -> Description:
    """Read and check it. Raises `BadField`, `Forbidden` (not a project of this person), or 400 and 415.

    `is_whole`: the body is the whole file for certain, so that the digest of one is that of the other.
    """
    _refuse_altered_bytes(request)
    metadata = tus_headers.metadata(request.headers.get("Upload-Metadata", ""))
    fields = {**tus_headers.fields(metadata), **_in_query(request)}
    facts = checks.read_facts(fields, datetime.now(UTC))
    if sha256 := digests.of_file(request, is_whole=is_whole):
        if facts.sha256 not in ("", sha256):
            raise BadRequest(f"{digests.REPR} and the field sha256 name two different digests.")
        fields["sha256"], facts = [sha256], replace(facts, sha256=sha256)
    person().check_project(facts.project_id)
    waits = request.args.getlist("wait")
    checks.wait_seconds({"wait": waits}, 0)
    filename = (
        disposition.name_of_request(request.headers.get("Content-Disposition", ""))
        or request.args.get("filename", "")
        or tus_headers.original_filename(metadata)
        or name_in_address
    )
    return Description(filename, fields, facts, waits[0] if waits else "")


def name_in_address(request: Request) -> str:
    """The last part of the path, in UTF-8 or else in the one encoding that takes every byte."""
    return disposition.decoded(request.environ["PATH_INFO"].rpartition("/")[2])


def _in_query(request: Request) -> dict[str, list[str]]:
    return {name: values for name, values in request.args.lists() if name in tus_headers.FIELD_NAMES}


def _refuse_altered_bytes(request: Request) -> None:
    """What is not the file's own bytes, from the first to the last, would be kept as if it were."""
    refuse_content_coding(request)
    if "Content-Range" in request.headers:
        raise BadRequest(
            "A part of a file cannot be sent with Content-Range (curl -C). Send the whole file, or use a resumable "
            "upload: see Upload-Complete in the API's document."
        )
    if request.mimetype == "multipart/form-data":
        raise UnsupportedMediaType(
            "Here the body is the file itself. A form goes to /api/upload-video: curl -F video=@FILE …/api/upload-video"
        )
