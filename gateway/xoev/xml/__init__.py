"""XML of strangers read, XML of ours written.

Knows: lxml, the XML namespace, places in words. Never does: schemas.
Standard: architecture §2. Start reading: the modules, by name.
"""
