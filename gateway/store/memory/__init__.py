"""The second store: the ports `Store` and `LoginStore` in the memory of one process.

Knows: all that the ports promise, held to it by the contracts that PostgreSQL's store is held to. Never does: outlive
its process, encrypt. Standard: `gateway/ports/store.py`, `gateway/ports/login.py`. Start reading: `store.py`.
"""

from gateway.store.memory.logins import MemoryLoginStore
from gateway.store.memory.store import MemoryStore

__all__ = ["MemoryLoginStore", "MemoryStore"]
