"""Submissions, their bytes and their changes as rows.

Knows: statements of the way of a submission, blobs, uploads, the change feed. Never does: decide what follows.
Standard: architecture §2. Start reading: the modules, by name.
"""
