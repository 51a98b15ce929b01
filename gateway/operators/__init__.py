"""What a person who operates the gateway sees and does, for command line and console alike.

Knows: advice, checks, decisions. Never does: print, choose an exit code, ask who may.
Standard: architecture §2 (two faces of the same functions). Start reading: the modules, by name.
"""
