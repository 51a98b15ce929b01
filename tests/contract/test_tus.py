"""Fixed interfaces §3, tus 1.0, from outside."""

from __future__ import annotations

import base64
import hashlib

from tests.demo_fixture import PDF

TUS = {"Tus_Resumable": "1.0.0"}


def piece(raw: bytes) -> str:
    return "sha256 " + base64.b64encode(hashlib.sha256(raw).digest()).decode()


def test_an_attachment_sent_in_pieces_serves_a_submission(portal):
    assert portal.call("OPTIONS", "/tus/")[1]["tus-version"] == "1.0.0"
    named = base64.b64encode("Lageplan Jürgen.pdf".encode()).decode()
    kind = f"filetype {base64.b64encode(b'application/pdf').decode()},filename {named},relativePath bnVsbA==,is_whole"
    status, fields, _ = portal.call("POST", "/tus/", b"", **TUS, Upload_Length=str(len(PDF)), Upload_Metadata=kind)
    assert status == 201
    name = fields["location"].rpartition("/")[2]
    head = {**TUS, "Content_Type": "application/offset+octet-stream"}

    def patch(at, raw, checksum):
        return portal.call("PATCH", f"/tus/{name}", raw, **head, Upload_Offset=str(at), Upload_Checksum=checksum)

    assert patch(0, PDF[:20], piece(b"other"))[0] == 460
    status, fields, problem = patch(0, PDF[:20], "md5 " + base64.b64encode(b"0" * 16).decode())
    assert (status, problem["code"], fields["tus-resumable"]) == (400, "checksum_unknown", "1.0.0")
    assert patch(0, PDF[:20], piece(PDF[:20]))[0] == 204
    assert patch(0, PDF[:20], piece(PDF[:20]))[2]["code"] == "offset_conflict"
    status, fields, _ = portal.call("HEAD", f"/tus/{name}", **TUS)
    assert (status, fields["upload-offset"], fields["upload-length"]) == (200, "20", str(len(PDF)))
    assert "upload-expires" in fields
    assert fields["upload-metadata"] == kind
    assert patch(20, PDF[20:], piece(PDF[20:]))[1]["upload-offset"] == str(len(PDF))
    body = portal.body()
    body["attachments"][0]["upload"] = name
    assert portal.create(body)[0] == 201
    assert portal.call("HEAD", f"/tus/{name}", **TUS)[1]["upload-metadata"] == kind, "as it was said, to the end"
    assert portal.call("DELETE", f"/tus/{name}")[2]["code"] == "tus_version_unknown"
    over = {**TUS, "X_HTTP_Method_Override": "DELETE"}
    assert portal.call("POST", f"/tus/{name}", b"", **over)[0] == 204, "a way round proxies that know no such method"
    assert portal.call("DELETE", f"/tus/{name}", **TUS)[0] == 404


def test_metadata_may_hold_any_bytes_and_the_media_type_may_stand_last(portal):
    """tus 1.0: values are base64 of anything; of all of them only `filetype` is understood."""
    head = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
    many = "".join(f"k{number} YQ==," for number in range(100))
    kind = f"filename 5A==,{many}filetype {base64.b64encode(b'application/pdf').decode()}"
    status, fields, said = portal.call("POST", "/tus", b"", **TUS, Upload_Length=str(len(PDF)), Upload_Metadata=kind)
    assert status == 201, said
    assert fields["tus-resumable"] == "1.0.0", "also without the slash at the end"
    name = fields["location"].rpartition("/")[2]
    assert portal.call("HEAD", f"/tus/{name}", **TUS)[1]["upload-metadata"] == kind
    assert portal.call("PATCH", f"/tus/{name}", PDF, **TUS, **head)[0] == 204
    body = portal.body()
    body["attachments"][0]["upload"] = name
    status, _, made = portal.create(body)
    assert status == 201, made
    refused = portal.call("POST", "/tus", b"", **TUS, Upload_Length="1", Upload_Metadata="filename YQ")
    assert [each["pointer"] for each in refused[2]["findings"]] == ["#header/Upload-Metadata"]
    assert "=" in refused[2]["findings"][0]["en"]
