"""What PVOG, Data Hub and routing list of a municipality's offer, compared with what its registry claims.

Knows: tolerant readers of their answers, guards against answers that are no news, findings. Never does: SQL, change
the registry, take a source's word for more than its own listing. Standard: PVOG Suchdienst, OZG Data Hub, Routing API.
Start reading: `reading`, then `judging`.
"""
