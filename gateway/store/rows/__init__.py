"""Tables as declared, and what lies between rows and the frozen values of the model.

Knows: columns, scope, identifiers. Never does: transactions.
Standard: architecture §2. Start reading: the modules, by name.
"""
