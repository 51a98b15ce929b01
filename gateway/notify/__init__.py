"""Messages that leave the gateway for our own side: webhooks of portals, alarms to people.

Knows: message, signature, schedule, mail. Never does: decide what is alarming; SQL.
Standard: architecture §2. Start reading: the modules, by name.
"""
