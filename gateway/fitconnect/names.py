"""The words and numbers of the FIT-Connect wire, verbatim; constants only, no logic.

Knows: URIs, scopes, media types, patterns, limits and deadlines, each with a mark of how sure it is.
Never does: anything. Standard: FIT-Connect Submission API v2, set-payload 1.2.2, metadata 2.x.
Start reading: `EVENT_ISSUERS`.

Marks: V = read in FITKO's own text or schema; C = seen in code that ran against FITKO's TEST; R = from memory,
to be corrected here and nowhere else.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SCHEMA_HOST: Final = "https://schema.fitko.de/fit-connect"  # V

# --- OAuth 2 (V: never request a scope; what a client may is assigned to it) ---
SCOPE_SEND: Final = f"{SCHEMA_HOST}/oauth/scopes/send-submissions"  # C
SCOPE_SUBSCRIBE: Final = f"{SCHEMA_HOST}/oauth/scopes/subscribe-destinations"  # V
SCOPE_MANAGE: Final = f"{SCHEMA_HOST}/oauth/scopes/manage-destinations"  # V
SCOPE_CREATE: Final = f"{SCHEMA_HOST}/oauth/scopes/self-service-api/create:destination"  # V
SCOPE_SEND_V1: Final = "send:region:DE"  # V, old spelling
TOKEN_LIFETIME_S: Final = 1800  # C

# --- media types and headers ---
JSON: Final = "application/json"  # V
XML: Final = "application/xml"  # V
JOSE: Final = "application/jose"  # V
PROBLEM_JSON: Final = "application/problem+json"  # V
MERGE_PATCH: Final = "application/merge-patch+json"  # C
FORM: Final = "application/x-www-form-urlencoded"  # V
OCTET_STREAM: Final = "application/octet-stream"
RATE_LIMIT_RESET: Final = "RateLimit-Reset"  # V, seconds
RETRY_AFTER: Final = "Retry-After"  # RFC 9110, section 10.2.3

# --- JOSE ---
JWE_ALG: Final = "RSA-OAEP-256"  # V
JWE_ENC: Final = "A256GCM"  # V
SIGNATURE_ALG: Final = "PS512"  # V
SET_TYP: Final = "secevent+jwt"  # V
CTY_ALLOWED: Final = frozenset({JSON, XML})  # C: v2 answers 422 "Invalid JWE Header 'cty'" else
CTY_METADATA: Final = JSON  # C
CTY_ATTACHMENT: Final = JSON  # C: both field clients of v2 send this for every attachment, whatever its type
KEY_OPS_ENCRYPT: Final = "wrapKey"  # V
KEY_OPS_SIGN: Final = "sign"  # V
KEY_OPS_VERIFY: Final = "verify"  # V
KID_LENGTH: Final = (8, 64)  # V, characters
MODULUS_BITS: Final = 4096  # V
MODULUS_MIN_CHARS: Final = 683  # V
JWE_MIN_CHARS: Final = 776  # V
JWE_TAG_CHARS: Final = 22  # V

# --- Security Event Tokens ---
EVENT_PREFIX: Final = f"{SCHEMA_HOST}/events/"  # V
CREATE_SUBMISSION: Final = "create-submission"  # V
SUBMIT_SUBMISSION: Final = "submit-submission"  # V
NOTIFY_SUBMISSION: Final = "notify-submission"  # V
FORWARD_SUBMISSION: Final = "forward-submission"  # V; removed in v2: read, never written
REJECT_SUBMISSION: Final = "reject-submission"  # V
ACCEPT_SUBMISSION: Final = "accept-submission"  # V
DELETE_SUBMISSION: Final = "delete-submission"  # V
CREATE_REPLY: Final = "create-reply"  # V
SUBMIT_REPLY: Final = "submit-reply"  # V
NOTIFY_REPLY: Final = "notify-reply"  # R
FORWARD_REPLY: Final = "forward-reply"  # R
REJECT_REPLY: Final = "reject-reply"  # V
ACCEPT_REPLY: Final = "accept-reply"  # R
DELETE_REPLY: Final = "delete-reply"  # R

DELIVERY_SERVICE: Final = "delivery_service"
SUBSCRIBER: Final = "subscriber"
EVENT_ISSUERS: Final = MappingProxyType(  # V: who may sign which event of a submission
    {
        CREATE_SUBMISSION: frozenset({DELIVERY_SERVICE}),
        SUBMIT_SUBMISSION: frozenset({DELIVERY_SERVICE}),
        NOTIFY_SUBMISSION: frozenset({DELIVERY_SERVICE}),
        FORWARD_SUBMISSION: frozenset({SUBSCRIBER}),
        REJECT_SUBMISSION: frozenset({SUBSCRIBER, DELIVERY_SERVICE}),
        ACCEPT_SUBMISSION: frozenset({SUBSCRIBER}),
        DELETE_SUBMISSION: frozenset({DELIVERY_SERVICE}),
    }
)
REPLY_EVENTS: Final = frozenset(
    {CREATE_REPLY, SUBMIT_REPLY, NOTIFY_REPLY, FORWARD_REPLY, REJECT_REPLY, ACCEPT_REPLY, DELETE_REPLY}
)
TAGGED_EVENTS: Final = frozenset({SUBMIT_SUBMISSION, ACCEPT_SUBMISSION})  # V: these carry authenticationTags

UUID_PATTERN: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # V
SET_SCHEMA_PATTERN: Final = rf"^{SCHEMA_HOST.replace('.', '[.]')}/set-payload/1\.\d+\.\d+/set-payload\.schema\.json$"
SET_SCHEMA: Final = f"{SCHEMA_HOST}/set-payload/1.2.2/set-payload.schema.json"  # C: the version that v2 takes
SET_SCHEMA_REFUSED_V2: Final = f"{SCHEMA_HOST}/set-payload/1.0.0/set-payload.schema.json"  # C
SET_IAT_MIN: Final = 1577833200  # V
SUB_PREFIX: Final = "submission:"  # V
SUB_REPLY_PREFIX: Final = "reply:"  # V
TXN_PREFIX: Final = "case:"  # V
SET_PAYLOAD_MAX_BYTES: Final = 64 * 1024  # ours: 100 attachment tags take about 8 kB

# --- metadata ---
METADATA_PREFIX: Final = f"{SCHEMA_HOST}/metadata/"  # V
METADATA_SUFFIX: Final = "/metadata.schema.json"  # V
METADATA_2_1_0: Final = f"{METADATA_PREFIX}2.1.0{METADATA_SUFFIX}"  # V
METADATA_2_0_0: Final = f"{METADATA_PREFIX}2.0.0{METADATA_SUFFIX}"  # V
METADATA_2_PATTERN: Final = (  # V
    r"^https://schema\.fitko\.de/fit-connect/metadata/2\.\d+\.\d+/metadata\.schema\.json$"
)
METADATA_VERSIONS: Final = ("2.1.0", "2.0.0")  # those whose full text we know, newest first
HASH_TYPE: Final = "sha512"  # V
SIGNATURE_FORMAT_JSON: Final = "json"  # V
SIGNATURE_FORMAT_XML: Final = "xml"  # V
ADES_B_B: Final = "http://uri.etsi.org/ades/191x2/level/baseline/B-B#"  # V
MAILBOX_CHANNEL: Final = "idBundDeMailbox"  # V: BundID's mailbox as reply channel

# --- identification report (Governikus IdentificationReport 2.0.0) ---
REPORT_PREFIX: Final = "https://raw.githubusercontent.com/Governikus/IdentificationReport/2.0.0/schema/"  # V
IDENTIFICATION_REPORT: Final = f"{REPORT_PREFIX}identification-report.json"  # C
NATURAL_PERSON: Final = f"{REPORT_PREFIX}natural-person.json"  # V
LEGAL_PERSON: Final = f"{REPORT_PREFIX}legal-person-authentication.json"  # V
LEVEL_EIDAS: Final = "http://eidas.europa.eu/LoA/"  # V
LEVEL_NATIONAL: Final = "http://bsi.bund.de/eID/LoA/"  # V

# --- destinations ---
STATUS_CREATED: Final = "created"  # V
STATUS_ACTIVE: Final = "active"  # V: the only one that takes submissions
STATUS_INACTIVE: Final = "inactive"  # V
STATUS_DECOMMISSIONED: Final = "decommissioned"  # V
REGION_PATTERN: Final = r"^DE[0-9]{0,12}$"  # V
SERVICE_PATTERN: Final = r"^urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9()+,.:=@;$_!*'%/?#-]+$"  # V
SERVICE_LENGTH: Final = (7, 255)  # V, characters
LEIKA_PREFIX: Final = "urn:de:fim:leika:leistung:"  # V; 14 digits follow

# --- problems of the API (problem+json) ---
PROBLEM_PREFIX: Final = f"{SCHEMA_HOST}/submission-api/problems/"  # V
SUBMISSION_NOT_FOUND: Final = "submission-not-found"  # V
DESTINATION_NOT_FOUND: Final = "destination-not-found"  # V
DESTINATION_STATE_INVALID: Final = "destination-state-invalid"  # V

# --- problems of a reject-submission event ----------------------------------------------------------------------------
EVENT_PROBLEM_PREFIX: Final = f"{SCHEMA_HOST}/events/problems/"  # V
SCHEMA_VIOLATION: Final = "schema-violation"  # C
INVALID_EVENT_LOG: Final = "invalid-event-log"  # R, as are the following
INCORRECT_TAG: Final = "incorrect-authentication-tag"
ENCRYPTION_ISSUE: Final = "encryption-issue"
SYNTAX_VIOLATION: Final = "syntax-violation"
UNSUPPORTED_SCHEMA: Final = "unsupported-schema"
UNSUPPORTED_SERVICE: Final = "unsupported-service"
UNSUPPORTED_DATA_SCHEMA: Final = "unsupported-data-schema"
UNSUPPORTED_REPLY_CHANNEL: Final = "unsupported-reply-channel"
ATTACHMENTS_MISMATCH: Final = "attachments-mismatch"
MISSING_DATA: Final = "missing-data"
HASH_MISMATCH: Final = "hash-mismatch"
MISSING_ATTACHMENT: Final = "missing-attachment"
TECHNICAL_ERROR: Final = "technical-error"

# --- callbacks ---
CALLBACK_PREFIX: Final = f"{SCHEMA_HOST}/submission-api/callbacks/"  # V
CALLBACK_NEW_SUBMISSIONS: Final = f"{CALLBACK_PREFIX}new-submissions"  # V
CALLBACK_NEW_EVENTS: Final = f"{CALLBACK_PREFIX}new-events"  # V
CALLBACK_AUTHENTICATION: Final = "callback-authentication"  # V: hex HMAC-SHA-512 over "<timestamp>.<body>"
CALLBACK_TIMESTAMP: Final = "callback-timestamp"  # V: Unix seconds

# --- limits (MB = 1,000,000 bytes) ---
MAX_ATTACHMENTS: Final = 100  # V
MAX_ATTACHMENT_BYTES: Final = 500_000_000  # V, encrypted
MAX_TOTAL_BYTES: Final = 2_000_000_000  # V, encrypted, each submission or reply
MAX_DATA_BYTES: Final = 10_000_000  # V, document data; the service takes about 10 to 14 MB
PAGE_DEFAULT: Final = 100  # V
PAGE_MAX: Final = 500  # V

# --- deadlines (days after the submit, unless said otherwise) ---
DAYS_INCOMPLETE: Final = 1  # V: after the announcement
DAYS_REJECTED: Final = 14  # V: the delivery service rejects what nobody picked up
DAYS_DELETED: Final = 21  # V
DAYS_DELETED_AFTER_ACCEPT: Final = 7  # V: after the accept
DAYS_EVENTS_KEPT: Final = 730  # V: after the last event of the case
