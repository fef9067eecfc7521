"""The options of the kinds `minio` and `s3`, and what they mean for the connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.targets.config import Option, Shape
from backend.targets.s3_http import Connection

_TEXT, _FLAG, _WHOLE, _NUMBER = (Shape.TEXT,), (Shape.FLAG,), (Shape.WHOLE,), (Shape.WHOLE, Shape.NUMBER)
_BUCKETS = ("bucket", "bucket_exports", "bucket_thumbnails")
# S3 User Guide, "General purpose bucket naming rules".
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9]|[.-](?![.]))*[a-z0-9]")
_HOST = r"(?P<host>[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\])"
_ENDPOINT = re.compile(rf"(?:(?P<scheme>https?)://)?{_HOST}(?::(?P<port>\d{{1,5}}))?/?")

S3_OPTIONS = (
    Option("endpoint", _TEXT, "host or host:port of the service, with or without https://", required=True),
    Option("access_key", _TEXT, "name of the key; env:NAME or file:PATH hide it", required=True),
    Option("secret_key", _TEXT, "secret of the key; env:NAME or file:PATH hide it", required=True),
    Option("secure", _FLAG, "true for https; an endpoint with http:// or https:// says it itself"),
    Option("region", _TEXT, "the service is asked when this is not given"),
    Option("ca_file", _TEXT, "certificates to trust instead of the public ones, a PEM file"),
    Option("bucket", _TEXT, "where recordings and uploads are kept", required=True),
    Option("bucket_exports", _TEXT, "where exports are kept"),
    Option("bucket_thumbnails", _TEXT, "where thumbnails are kept"),
    Option("create_bucket", _FLAG, "make the buckets that are not there", default=True),
    Option("storage_class", _TEXT, "such as STANDARD_IA or GLACIER_IR; the bucket's own if not given"),
    Option("part_mib", _WHOLE, "size of one part of a large file", default=16, least=5, most=5120),
    Option("part_concurrency", _WHOLE, "parts of one file sent at once", default=4, least=1, most=32),
    Option("sign_payload", _FLAG, "sign the bytes by SHA-256 too, not only their MD5", default=False),
    Option("connect_timeout_seconds", _NUMBER, "time to reach the service", default=15, least=0.1, most=600),
    Option("read_timeout_seconds", _NUMBER, "time to wait for an answer", default=60, least=0.1, most=3600),
)


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """What is wrong beyond the shape of each option."""
    found = []
    match = _ENDPOINT.fullmatch(options["endpoint"])
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        found.append("option “endpoint” must be host, host:port, http://host:port or https://host:port")
    elif match["scheme"] and options["secure"] not in (None, match["scheme"] == "https"):
        found.append("options “endpoint” and “secure” contradict each other; leave “secure” out")
    for name in _BUCKETS:
        bucket = options[name]
        if bucket is not None and not (3 <= len(bucket) <= 63 and _BUCKET.fullmatch(bucket)):
            found.append(f"option “{name}” must be 3 to 63 of a-z, 0-9, - and .")
    if options["ca_file"] is not None and not Path(options["ca_file"]).is_file():
        found.append("option “ca_file” names no file")
    return found


def connection_of(options: Mapping[str, Any], max_concurrent: int) -> Connection:
    """How to reach the service, from options without problems."""
    match = _ENDPOINT.fullmatch(options["endpoint"])
    if match is None:
        raise ValueError("options were not checked")
    secure = match["scheme"] == "https" if match["scheme"] else options["secure"] is not False
    return Connection(
        endpoint=match["host"] + (f":{match['port']}" if match["port"] else ""),
        secure=secure,
        access_key=options["access_key"],
        secret_key=options["secret_key"],
        region=options["region"],
        ca_file=options["ca_file"],
        sign_payload=options["sign_payload"],
        connect_timeout_seconds=options["connect_timeout_seconds"],
        read_timeout_seconds=options["read_timeout_seconds"],
        connections=max_concurrent * (options["part_concurrency"] + 1),
    )


def plain_endpoint(endpoint: str) -> str:
    """host:port in one spelling; the ports of http and https need not be written."""
    return re.sub(r"\.?(?::(?:80|443))?$", "", endpoint.lower())


def bucket_names(options: Mapping[str, Any]) -> list[str]:
    """Every configured bucket, once."""
    return list(dict.fromkeys(options[name] for name in _BUCKETS if options[name]))
