"""What people read of an application: an accessible PDF, an appointment in a calendar file.

Knows: Typst, iCalendar. Never does: decide what is sent.
Standard: architecture §2. Start reading: the modules, by name.
"""
