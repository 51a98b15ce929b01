"""The keys of the signature tests serve here too."""

from tests.signature.conftest import authority, brainpool, jwks, signers

__all__ = ["authority", "brainpool", "jwks", "signers"]
