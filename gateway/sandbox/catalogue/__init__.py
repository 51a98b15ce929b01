"""A catalogue of our own to be listed in: collector, search, data hub and service pages, with faults and a clock.

Knows: what public readers of PVOG and Data Hub rely on, and the rules of the collector. Never does: share a line with
the gateway's catalogue, so that it can contradict it. Standard: XZuFi 2.2.0 and 2.3.1 as far as two public readers show
it. Start reading: `sandbox`, then `collector`.
"""
