"""`gateway serve`: doors, worker and database under one roof.

Knows: processes and sockets. Never does: answer a request.
Standard: architecture §2. Start reading: the modules, by name.
"""
