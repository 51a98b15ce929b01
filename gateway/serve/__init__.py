"""`gateway serve`: API, worker and database under one command.

Knows: processes and sockets. Never does: answer a request.
Standard: architecture §2. Start reading: the modules, by name.
"""
