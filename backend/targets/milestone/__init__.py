"""The target `milestone`: a VMS (Milestone XProtect) that fetches what we offer, and is asked afterwards what it has.

In the order of one attempt: target → putting → (offers: the file becomes pullable) → site (which recording server) →
hardware (our device and its cameras in the VMS) → retrieval (the task that pulls) → sequences (the proof) →
bookmarks, events, locks. Below them: rest (JSON), soap (XML), idp (the token), wire (HTTP); and failures, which says
what an answer means. It follows the documented interface, and was not yet tried against a real VMS.
"""
