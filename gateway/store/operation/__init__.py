"""What operation needs to keep between processes: alarms, jobs, slots, pauses, counts.

Knows: rows with leases. Never does: judge.
Standard: architecture §2. Start reading: the modules, by name.
"""
