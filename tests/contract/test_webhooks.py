"""Fixed interfaces §4, webhooks, from outside."""

from __future__ import annotations

import base64
import hmac
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@pytest.fixture
def hook():
    """An address on loopback and the queue of what arrives there."""
    arrived = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put(({k.lower(): v for k, v in self.headers.items()}, raw))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_told_by_the_standard_convention(portal, hook):
    url, arrived = hook
    status, _, made = portal.call("POST", "/webhooks", {"url": url, "events": ["submission.state"]})
    assert status == 201
    assert made["secret"].startswith("whsec_")
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    submission = portal.create(portal.body())[2]["id"]
    states = set()
    while "accepted" not in states:
        fields, raw = arrived.get(timeout=60)
        signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + raw
        mac = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        assert f"v1,{mac}" in fields["webhook-signature"].split()
        told = json.loads(raw)
        assert set(told) == {"type", "timestamp", "data"}
        if told["data"]["id"] == submission:
            states.add(told["data"]["state"])
    name = made["id"]
    assert name in [each["id"] for each in portal.call("GET", "/webhooks")[2]["items"]]
    rotated = portal.call("POST", f"/webhooks/{name}/rotate")
    assert (rotated[0], rotated[2]["secret"][:6]) == (200, "whsec_")
    assert portal.call("POST", f"/webhooks/{name}/test")[0] == 202
    assert portal.call("POST", f"/webhooks/{name}/replay", {"after": ""})[0] == 202
    log = portal.call("GET", f"/webhooks/{name}/deliveries")[2]["items"]
    assert {each["type"] for each in log} == {"submission.state", "webhook.test"}
    assert portal.call("DELETE", f"/webhooks/{name}")[0] == 204
    assert portal.call("POST", f"/webhooks/{name}/test")[0] == 404
