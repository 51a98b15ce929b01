"""Messages: documents whose schema is an official set of XSD files, filled from a record by a mapping.

Knows: any XML Schema 1.0 set (imports, includes, named types, attributes, choices), mapping files for messages, what
the gateway adds around a record (ids, instants, attachments, parameters).
Never does: I/O, clocks, randomness, load a file by itself; it knows no standard, no service and no code list by name.
Standard: XML Schema 1.0 (W3C); the file format of a message mapping is of this project (`docs/reference/messages.md`).
Start reading: `reading.py` (a mapping judged), `binding.py` (joined with its schema), `filling.py`, `writing.py`.
"""
