"""XFall: what belongs to a form schema, in XML and JSON.

Knows: the XSD, blank examples, the JSON Schema. Never does: fill a form.
Standard: architecture §2. Start reading: the modules, by name.
"""
