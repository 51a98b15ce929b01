"""XBau-Kernmodul: what authorities answer to message 1200, read into events of a case.

Knows: six messages of XBau-Kernmodul 1.3.0 by their wire names. Never does: I/O; write messages (`xoev.message` does,
by data); decide what an event means for a submission.
Standard: XBau-Kernmodul 1.3.0 (Bauministerkonferenz, 15.01.2026), XÖV-Basisnachricht 1.1.
Start reading: `incoming.read`.
"""
