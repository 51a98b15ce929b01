"""What is wrong with a request before its meaning is asked: HTTP, sizes, media types, uploads.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `InvalidJson`.
"""

from __future__ import annotations

from gateway.errors.portal import BadInput


class InvalidJson(BadInput):
    """The body is no JSON document (RFC 8259)."""

    code = "invalid_json"
    de = "Der Inhalt ist kein gültiges JSON (Zeile {line}, Spalte {column}). Bitte als UTF-8-JSON senden."
    en = "The body is not valid JSON (line {line}, column {column}). Send UTF-8 JSON."


class BodyTooLarge(BadInput):
    """The body passes its declared limit; reading stopped there."""

    code = "body_too_large"
    status = 413
    titles = ("Der Inhalt ist zu groß", "The body is too large")
    de = "Der Inhalt ist größer als die erlaubten {limit} Bytes. Große Dateien bitte vorab als Upload senden."
    en = "The body is larger than the {limit} bytes allowed. Send large files as uploads first."


class BatchTooLong(BadInput):
    """More lines than one call may have; those before were answered."""

    code = "batch_too_long"
    status = 413
    titles = ("Der Aufruf hat zu viele Zeilen", "The call has too many lines")
    de = "Ein Aufruf darf höchstens {limit} Zeilen haben; die weiteren wurden nicht gelesen."
    en = "A call may have at most {limit} lines; the further ones were not read."


class TooDeep(BadInput):
    """The JSON nests deeper than the limit."""

    code = "too_deep"
    status = 422
    titles = ("Der Inhalt ist zu tief verschachtelt", "The body nests too deeply")
    de = "Der Inhalt ist tiefer als {limit} Ebenen verschachtelt."
    en = "The body nests deeper than {limit} levels."


class WrongMediaType(BadInput):
    """The Content-Type is not one this address takes."""

    code = "wrong_media_type"
    status = 415
    de = "Dieser Inhaltstyp wird hier nicht angenommen; erlaubt: {allowed}."
    en = "This content type is not taken here; allowed: {allowed}."


class DigestMismatch(BadInput):
    """`Repr-Digest` does not fit the bytes received (RFC 9530)."""

    code = "digest_mismatch"
    de = "Der angekündigte Prüfwert passt nicht zu den empfangenen Bytes; nichts wurde behalten."
    en = "The announced digest does not fit the bytes received; nothing was kept."


class LengthMismatch(BadInput):
    """`Content-Length` does not fit the bytes received."""

    code = "length_mismatch"
    de = "Die angekündigte Länge passt nicht zu den empfangenen Bytes; nichts wurde behalten."
    en = "The announced length does not fit the bytes received; nothing was kept."


class LengthRequired(BadInput):
    """An upload needs `Content-Length`."""

    code = "length_required"
    status = 411
    de = "Die Kopfzeile Content-Length fehlt."
    en = "The header Content-Length is missing."


class OffsetConflict(BadInput):
    """`Upload-Offset` is not where the upload stands (tus)."""

    code = "offset_conflict"
    status = 409
    titles = ("Der Upload steht an einer anderen Stelle", "The upload stands at another place")
    de = "Der Upload steht bei Byte {offset}; bitte dort fortsetzen (und nicht über seine Länge hinaus)."
    en = "The upload stands at byte {offset}; go on from there (and not beyond its length)."


class ChecksumMismatch(BadInput):
    """`Upload-Checksum` does not fit the bytes received (tus)."""

    code = "checksum_mismatch"
    status = 460
    de = "Der Prüfwert passt nicht zu den empfangenen Bytes; nichts davon zählt."
    en = "The checksum does not fit the bytes received; none of them count."


class ChecksumUnknown(BadInput):
    """tus 1.0: the algorithm of a checksum is not one of those offered."""

    code = "checksum_unknown"
    de = "Dieses Prüfsummenverfahren wird nicht angeboten; erlaubt: {allowed}."
    en = "This checksum algorithm is not offered; allowed: {allowed}."


class NotHttp(BadInput):
    """What came over the connection is no HTTP/1.1 request."""

    code = "not_http"
    de = "Das war keine HTTP-Anfrage, die sich lesen lässt; es wurde nichts übernommen."
    en = "This was no HTTP request that can be read; nothing was taken over."


class RequestLineTooLong(BadInput):
    """The request line passes its limit; reading stopped there."""

    code = "request_line_too_long"
    status = 414
    titles = ("Die Adresse ist zu lang", "The address is too long")
    de = "Die Anfragezeile ist länger als die erlaubten {limit} Bytes; die Verbindung wird geschlossen."
    en = "The request line is longer than the {limit} bytes allowed; the connection is closed."


class HeadTooLarge(BadInput):
    """The header fields, one of them or their number pass the limit; reading stopped there."""

    code = "head_too_large"
    status = 431
    titles = ("Die Kopfzeilen sind zu groß", "The header fields are too large")
    de = (
        "Die Kopfzeilen sind zu groß: höchstens {fields} Felder, {field} Bytes in einem und {limit} in allen. "
        "Die Verbindung wird geschlossen."
    )
    en = (
        "The header fields are too large: at most {fields} fields, {field} bytes in one and {limit} in all. "
        "The connection is closed."
    )


class RequestTimedOut(BadInput):
    """The rest of a request did not come in time; nothing was kept."""

    code = "request_timed_out"
    retry = True
    status = 408
    de = "Der Rest der Anfrage kam nicht rechtzeitig; die Verbindung wird geschlossen, nichts wurde behalten."
    en = "The rest of the request did not come in time; the connection is closed, nothing was kept."


class HostInvalid(BadInput):
    """`Host` is missing, doubled or no host (RFC 9112 §3.2)."""

    code = "host_invalid"
    de = "Die Kopfzeile Host fehlt, steht mehrmals da oder nennt keinen Host."
    en = "The header Host is missing, doubled or names no host."


class TransferCodingUnknown(BadInput):
    """`Transfer-Encoding` is not exactly `chunked` (RFC 9112 §6.1)."""

    code = "transfer_coding_unknown"
    status = 501
    de = "Als Transfer-Encoding wird nur chunked angenommen."
    en = "The only Transfer-Encoding taken is chunked."


class HttpVersionUnknown(BadInput):
    """The request speaks another HTTP than 1.1 or 1.0."""

    code = "http_version_unknown"
    status = 505
    de = "Hier wird HTTP/1.1 gesprochen (und HTTP/1.0)."
    en = "HTTP/1.1 is spoken here (and HTTP/1.0)."


class TusVersionUnknown(BadInput):
    """`Tus-Resumable` names another version or is missing."""

    code = "tus_version_unknown"
    status = 412
    titles = (
        "Die Kopfzeile Tus-Resumable fehlt oder passt nicht",
        "The header Tus-Resumable is missing or does not fit",
    )
    de = "Erwartet wird die Kopfzeile Tus-Resumable: {version}."
    en = "The header Tus-Resumable: {version} is expected."


class MethodNotAllowed(BadInput):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    de = "Diese Methode gibt es an dieser Adresse nicht."
    en = "This address does not take that method."
