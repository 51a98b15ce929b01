"""The rules of signing keys as sentences: what is wrong and the way out.

Knows: every slug that `identity.faults` gives. Never does: judge. Standards: see `identity`. Start reading: `finding`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.errors.sentences import Sentences

SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "signing_key_kind": (
            (
                "Der Schlüssel ist weder RSA noch EC auf P-256, P-384 oder P-521. Brainpool-Schlüssel signieren über "
                "`keys.external_signer` (XAdES), sonst bitte RSA ab 3072 Bit oder P-256 nehmen (`gateway keys generate "
                "--out VERZEICHNIS`)."
            ),
            (
                "The key is neither RSA nor EC on P-256, P-384 or P-521. Brainpool keys sign by `keys.external_signer` "
                "(XAdES); else take RSA of 3072 bits or more, or P-256 (`gateway keys generate --out DIRECTORY`)."
            ),
        ),
        "signing_key_use": (
            (
                "Der JWK ist nicht zum Signieren bestimmt (`use`, `key_ops`); bitte den Signaturschlüssel angeben (von "
                "`gateway keys generate`: signing.private.jwk)."
            ),
            (
                "The JWK is not meant to sign (`use`, `key_ops`); name the signing key (of `gateway keys generate`: "
                "signing.private.jwk)."
            ),
        ),
        "signing_key_bits": (
            (
                "Der RSA-Schlüssel ist zu schwach; nötig sind 3072 Bit oder mehr und ein Exponent ab 65537. Einen "
                "passenden erzeugt `gateway keys generate --out VERZEICHNIS`."
            ),
            (
                "The RSA key is too weak; 3072 bits or more and an exponent from 65537 on are needed. `gateway keys "
                "generate --out DIRECTORY` makes one."
            ),
        ),
        "signing_key_curve": (
            "Mit dieser Kurve wird nicht signiert; bitte P-256, P-384, P-521 oder Brainpool r1 (256, 384, 512) nehmen.",
            "This curve does not sign; take P-256, P-384, P-521 or brainpool r1 (256, 384, 512).",
        ),
        "signing_key_brainpool": (
            "JWS und JAdES kennen keine Brainpool-Kurven; bitte XAdES verlangen oder P-256 oder RSA nehmen.",
            "JWS and JAdES know no brainpool curves; ask for XAdES, or take a key on P-256 or RSA.",
        ),
        "signing_key_pss": (
            (
                "Das Zertifikat erlaubt nur RSA-PSS; XAdES signiert mit PKCS#1 v1.5. Bitte JAdES verlangen oder ein "
                "Zertifikat für rsaEncryption oder P-256 nehmen."
            ),
            (
                "The certificate allows RSA-PSS alone; XAdES signs with RSA PKCS#1 v1.5. Ask for JAdES, or take a "
                "certificate for rsaEncryption or P-256."
            ),
        ),
        "signing_certificate_missing": (
            (
                "XAdES und JAdES brauchen das Zertifikat des Schlüssels; bitte `certificate_chain_file` setzen oder "
                "`x5c` in den JWK aufnehmen."
            ),
            "XAdES and JAdES need the key's certificate; set `keys.certificate_chain_file` or put `x5c` into the JWK.",
        ),
        "signing_certificate_key": (
            "Das erste Zertifikat gehört nicht zu diesem Schlüssel; bitte das ausgestellte voranstellen.",
            "The first certificate does not belong to this key; put the one that was issued for it first.",
        ),
        "signing_certificate_order": (
            "Die Kette stimmt nicht; zuerst das Zertifikat des Schlüssels, dann jeweils dessen Aussteller.",
            "The chain is out of order; the key's certificate comes first, then the issuer of each.",
        ),
        "signing_certificate_usage": (
            (
                "Die Schlüsselverwendung (keyUsage) erlaubt kein Signieren; bitte ein Zertifikat mit digitalSignature "
                "oder nonRepudiation ausstellen lassen."
            ),
            "The key usage does not allow signing; get a certificate with digitalSignature or nonRepudiation.",
        ),
        "signing_certificate_ca": (
            "Das erste Zertifikat ist das einer Zertifizierungsstelle; bitte das der Kommune voranstellen.",
            "The first certificate is a certification authority's; put the municipality's first.",
        ),
        "signing_certificate_hash": (
            "Ein Zertifikat der Kette ist nicht mit SHA-256, SHA-384 oder SHA-512 signiert; bitte erneuern lassen.",
            "A certificate of the chain is not signed with SHA-256, SHA-384 or SHA-512; get it issued anew.",
        ),
        "signing_certificate_validity": (
            "Ein Zertifikat der Kette ist abgelaufen oder noch nicht gültig; bitte erneuern.",
            "A certificate of the chain has expired or is not valid yet; renew it.",
        ),
        "signature_missing": (
            "Das Dokument trägt keine Signatur in sich, verlangt ist sie inzwischen; bitte neu übergeben lassen.",
            "The document holds no signature, but one is asked for by now; have it handed off anew.",
        ),
    }
)


finding: Final = Sentences(SENTENCES).finding
"""The rule as a finding at a place of the settings."""
