"""Taking in: from the body a portal sends to a submission that is kept, and what a portal may still change.

Knows: ports and services. Never does: HTTP, SQL, delivery.
Standard: architecture §2. Start reading: the modules, by name.
"""
