"""Online services as data: one folder a service, one table of parameters a municipality, nothing programmed.

Knows: how a folder becomes a service that checks records, writes documents and readable applications.
Never does: know a service by name; reach the network. Standard: files of this project; XDatenfelder 3.0.0 for forms.
Start reading: `loader.load`, then `service.Service`; `messages.py` for other standards than XFall. A new folder beside
`hausnummer/` is a new service.
"""
