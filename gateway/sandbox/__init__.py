"""Counterparts of our own, to try the gateway and to test it without a network.

Knows: the other side of each protocol, as strict as the real one. Never does: share code with the gateway's own
senders beyond `crypto`, `outbound`, `xoev.xml` and the constants of a protocol's `names`, so that it can contradict us.
Standard: that of each counterpart. Start reading: `fitconnect`, `identity`; `faults`, `clock` and `serving` are shared.
"""
