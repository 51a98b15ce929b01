"""The only place where concrete things meet.

Knows: settings, key files, store, channels, services, and how they fit together. Never does: any work of theirs.
Standard: architecture §2. Start reading: the modules, by name.
"""
