"""`gateway worker`: the job engine and what has to happen every few seconds.

Knows: jobs and chores. Never does: decide about the way of a submission.
Standard: architecture §2. Start reading: the modules, by name.
"""
