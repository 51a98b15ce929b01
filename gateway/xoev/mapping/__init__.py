"""Mappings: which value of the record becomes which element of a form.

Knows: mapping files, converters. Never does: validate documents.
Standard: architecture §2. Start reading: the modules, by name.
"""
