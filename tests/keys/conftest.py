from tests.signature.conftest import authority, brainpool, jwks, signers  # noqa: F401 - fixtures of keys
