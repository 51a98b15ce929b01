"""The life of a submission, pure: states, way, deadlines, what a person may do.

Knows: which state may follow which, and what each step changes. Never does: I/O, clocks, a word of any protocol.
Standard: architecture §2. Start reading: the modules, by name.
"""
