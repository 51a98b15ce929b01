"""What the gateway is told: settings file, municipality files, environment; nothing else reads configuration.

Knows: every setting, its default and its rule. Never does: connect, create keys, read services.
Standard: fixed interfaces §2. Start reading: `gateway.Settings`, then `reading`.
"""
