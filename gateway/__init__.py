"""The OZG gateway: from a portal's record to an accepted submission, with evidence.

Knows: nothing itself; the rooms below it do. Never does: anything on import. Standard: see each room.
Start reading: `gateway/model.py` (nouns), `gateway/submission/states.py` (life of a
submission), `gateway/submission/journey.py` (its way).
"""

__version__ = "0.1.0"
