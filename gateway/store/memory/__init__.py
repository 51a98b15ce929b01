"""The second store: the port `Store` in the memory of one process.

Knows: all that the port promises, held to it by the contract that PostgreSQL's store is held to. Never does: outlive
its process, encrypt. Standard: `gateway/ports/store.py`. Start reading: `store.py`.
"""

from gateway.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
