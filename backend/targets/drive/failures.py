"""Judges what Drive answered, or failed to answer: transient, permanent, or a person is needed.

Pure: it sees the figures of the answer, not the SDK. Reasons are those of Drive v3 ("Resolve errors") and of
Google's token endpoint. An unknown one is transient: trying again is harmless, giving up is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure

# "Slowly": these limits are lifted after hours, and each probe writes a small file.
_QUOTA_SECONDS = 15 * 60.0
# The one sign of the daily limit of 750 GB that Drive gives; its other rate limits say more than that.
_DAILY_WORDS = "User rate limit exceeded."


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is None when nothing did; `reason` is Google's, or one of ours (with a hyphen)."""

    reason: str
    status: int | None = None
    message: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Who:
    """What the words to an operator name."""

    target: str
    account: str = "the account"
    folder: str = "the folder"
    own_files_only: bool = False


class DriveProblem(Exception):
    """An answer that is not success. Never leaves the target: `judge` says what it means."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.reason} (HTTP {answer.status})")
        self.answer = answer

    @property
    def reason(self) -> str:
        return self.answer.reason

    @property
    def status(self) -> int | None:
        return self.answer.status


_LOGIN = "Sign in again: video_manager targets login {target}"
_QUOTA = {
    "storageQuotaExceeded": "is full: the storage behind the folder “{folder}” is used up: that of {account}, or of "
    "the shared drive's organisation. Free space there (the trash counts too) or get more",
    "daily-limit": "takes no more for now: Google reports its daily limit, which is usually 750 GB within 24 hours for "
    "{account}. It goes on by itself",
    "quotaExceeded": "says that the quota of {account} is used up ({message}). It goes on by itself when there is some",
    "dailyLimitExceeded": "takes no more requests today: the project's daily limit is reached. It goes on by itself, "
    "or raise the limit in the Google Cloud console",
    "teamDriveFileLimitExceeded": "cannot take more: the shared drive holds as many items as Google allows (400,000). "
    "Use another shared drive, or remove items",
    "numChildrenInNonRootLimitExceeded": "cannot take more: the folder holds as many items as Google allows. Set "
    'layout = "project/month" for the target {target}',
    "activeItemCreationLimitExceeded": "cannot take more: {account} has made as many items as Google allows. Use "
    "another account, or remove items",
}
_PARKED = {
    "no-quota": "gives service accounts no storage of their own, and {account} would own the file. Choose one: let "
    "folder_id name a folder in a shared drive of which {account} is a Content manager; or set subject to a person "
    "for whom it may act; or sign in as a person (video_manager targets login {target})",
    "no-folder": "shows no folder “{folder}” to {account}: it was deleted, or is not shared with it. Share it with "
    "{account} as Editor (in a shared drive: Content manager), or correct folder_id",
    "no-folder-own-files": "shows no folder “{folder}” to this sign-in, which sees only what it made itself. Take "
    "folder_id away, so that a folder is made; or sign in with --whole-drive: video_manager targets login {target}",
    "folder-trashed": "has the folder “{folder}” in its trash. Take it out of the trash, or correct folder_id",
    "not-a-folder": "says that “{folder}” is no folder. Correct folder_id",
    "folder-closed": "does not let {account} write into the folder “{folder}”. Share it as Editor (in a shared drive: "
    "Content manager)",
    "authError": "does not accept the credentials of {account}. " + _LOGIN + ", or replace the key",
    "unauthorized": "does not accept the credentials of {account}. " + _LOGIN + ", or replace the key",
    "cannot-clear": "lets {account} add files to the shared drive of “{folder}” and not remove them, which a copy that "
    "goes bad needs. Make {account} a Content manager of the shared drive",
    "insufficientFilePermissions": "does not let {account} do that. Share the folder with it as Editor (in a shared "
    "drive: Content manager)",
    "insufficientParentPermissions": "does not let {account} write into the folder “{folder}”. Share it as Editor (in "
    "a shared drive: Content manager)",
    "insufficientPermissions": "says that this sign-in may not use Drive. " + _LOGIN,
    "appNotAuthorizedToFile": "does not show that to this sign-in, which sees only what it made itself. " + _LOGIN,
    "accessNotConfigured": "is not switched on in the Google Cloud project. Enable the “Google Drive API” there",
    "domainPolicy": "is closed to this program by the domain's administrator. Ask for it to be allowed",
    "token-revoked": "no longer accepts the sign-in of {account}: it was revoked or has run out. While the OAuth "
    "consent screen is in “Testing”, Google ends each sign-in after 7 days: publish it. " + _LOGIN,
    "token-clock": "refuses the credentials because of the time: this server's clock is wrong. Set the clock (NTP)",
    "token-subject": "knows no such person: {account}. Correct the option subject: the address of somebody in the "
    "Workspace domain",
    "token-key": "no longer knows this key of {account}: the key or the account was deleted or disabled. "
    "Make a new key",
    "token-client": "no longer knows the OAuth client behind the sign-in: it was deleted, or its secret was changed. "
    "Make a client in the Google Cloud console and sign in with it: video_manager targets login {target} --client FILE",
    "token-delegation": "does not allow {account}: the service account may not act for people yet. In the Workspace "
    "admin console, under Security, API controls, domain-wide delegation, add its client id (client_id in the key) "
    "with the scope https://www.googleapis.com/auth/drive",
    "token-refused": "does not let {account} in ({message}). " + _LOGIN + ", or replace the key",
    "tls": "was reached but its certificate is not accepted ({message}). See whether a proxy stands in "
    "between (if it is yours, name its certificate in HTTPLIB2_CA_CERTS) and whether this server's clock is right",
    "not-drive": "does not answer like Drive at this address ({message}). Correct root_url",
}
_PERMANENT = {
    "uploadTooLarge": "does not take a file this large",
    "fileTooLarge": "does not take a file this large",
    "maxUploadSizeExceeded": "does not take a file this large",
    "no-copy": "does not hold this copy any more",
    "cannotDownloadAbusiveFile": "takes this copy for malware and hands it to its owner alone. Restore it from "
    "another copy",
}
_TRANSIENT = {
    "unknown-host": "could not be found: its host name is unknown here. See to this server's name service (DNS), "
    "and to root_url if it is set",
    "refused": "refused the connection. See to the network, the firewall, and root_url if it is set",
    "no-tls": "does not speak TLS at this address. See to root_url if it is set, and to proxies in between",
    "timeout": "did not answer in time. See to the network if that goes on",
    "connection": "broke the connection ({message})",
    "garbled": "gave an answer that could not be read. See to proxies in between, and root_url if it is set",
    "session-gone": "has dropped the unfinished upload; it starts anew",
    "rateLimitExceeded": "asks to slow down",
    "userRateLimitExceeded": "asks to slow down",
    "too-many": "asks to slow down",
    "token-busy": "could not be asked for access ({message}). See whether this server reaches oauth2.googleapis.com, "
    "if that goes on",
    "notFound": "does not find the folder or file that is meant ({message})",
    "changing": "shows a file that is just being made or changed by another worker",
}
_PARKED_STATUS = {401, 402, 403}
# Addresses, since one may be that of an upload session; and what looks like a token, a key, or the end of an address.
_UNSPEAKABLE = re.compile(
    r"\w*://\S*|\S*\w+=\S+|\bBearer\s+\S+|\b1//\S+|\b(?:ya29\.|GOCSPX-|eyJ)\S*|[\w.~+/-]{41,}", re.IGNORECASE
)


def judge(answer: Answer, who: Who) -> TargetError:
    """The error to raise for this answer, in words that name the remote and what to do."""
    reason = _precise(answer, who)
    detail = {"drive_reason": reason, "status": answer.status}
    if reason in _PERMANENT:
        return PermanentFailure(_say(_PERMANENT[reason], answer, who), detail=detail)
    if reason in _QUOTA:
        wait = max(_QUOTA_SECONDS, answer.retry_after_seconds or 0)
        return TargetParked(_say(_QUOTA[reason], answer, who), retry_after_seconds=wait, detail=detail)
    if reason in _PARKED:
        return TargetParked(_say(_PARKED[reason], answer, who), detail=detail)
    if reason not in _TRANSIENT and (answer.status or 0) in _PARKED_STATUS:
        words = "refused it ({reason}, {message}). A person must look at the account, the folder and its rights"
        return TargetParked(_say(words, answer, who), detail=detail)
    words = _TRANSIENT.get(reason, "answered {reason} ({message})" if answer.message else "answered with {message}")
    return TransientFailure(
        f"{_say(words, answer, who)} It is tried again.",
        retry_after_seconds=answer.retry_after_seconds,
        detail=detail,
    )


def is_passing(answer: Answer) -> bool:
    """Whether the same request may well pass a moment later, without anybody having asked for a pause."""
    if answer.retry_after_seconds or answer.reason in ("rateLimitExceeded", "userRateLimitExceeded", "too-many"):
        return False
    network = ("connection", "timeout", "garbled", "refused")
    return answer.reason in network or (answer.status or 0) >= 500


def _precise(answer: Answer, who: Who) -> str:
    """Google's reason, or ours where Google's needs its message or the account to be understood."""
    reason = answer.reason
    if reason == "storageQuotaExceeded" and answer.message.startswith("Service Accounts do not have storage quota"):
        return "no-quota"
    if reason == "userRateLimitExceeded" and answer.message == _DAILY_WORDS:
        return "daily-limit"
    if reason == "no-folder" and who.own_files_only:
        return "no-folder-own-files"
    return reason


def _say(words: str, answer: Answer, who: Who) -> str:
    told = _without_secrets(answer.message) or (f"HTTP {answer.status}" if answer.status else "no reason given")
    said = words.format(
        account=who.account,
        folder=who.folder,
        target=who.target,
        message=told[:200],
        reason=_without_secrets(answer.reason),
    )
    return f"Google Drive {said}."


def _without_secrets(text: str) -> str:
    """Google's own words, in one line, without what nobody may read."""
    return _UNSPEAKABLE.sub("(left out)", " ".join(text.split())).removesuffix(".")
