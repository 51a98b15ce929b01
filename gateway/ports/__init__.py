"""What the inside asks of the outside: store, channel, blobs, clock, keys.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `ports/store.py`, then `ports/channel.py`.
"""
