"""Whether services and what they need work: what a probe means, what follows from several, who is told.

Knows: pages, hops, standing, outages, maintenance, our own network. Never does: SQL; hand in an application.
Standard: catalogue reference §6.2. Start reading: `standing`, then `run`.
"""
