"""The target `drive`: copies in Google Drive, resumable across restarts, never twice, always verified.

target.py        the port: put, verify, check, delete, read
options.py       what may be configured
credentials.py   who we are to Google: a service account, one that acts for a person, or a person
client.py        requests by Google's own client, pooled; every failure becomes a DriveProblem
files.py         Drive's files and folders as few typed calls
folders.py       which folder a copy lies in, made once however often it is asked for
upload.py        one file's resumable upload: begun, found again, finished
chunks.py        the local file as bodies of requests, hashed ahead of them
failures.py      what an answer means: later, never, or a person is needed
sealed.py        upload sessions, encrypted for the ledger
login.py         signing in with a person's own Google account
"""
