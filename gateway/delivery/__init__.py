"""Carrying out: one submission after another is taken to its destination, within what the destination takes.

Knows: ports, the journey, rate limits, circuit breakers, fair shares of a worker. Never does: I/O of its own, a
protocol.
Standard: architecture §2. Start reading: the modules, by name.
"""
