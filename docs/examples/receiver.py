"""Receives Holdfast's events and prints each of them once: `WEBHOOK_SECRET=whsec_… python receiver.py 8899`."""

import base64
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
SEEN: set[str] = set()  # a real receiver keeps these ids in its database


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event_id, sent_at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        digest = hmac.digest(KEY, f"{event_id}.{sent_at}.".encode() + body, "sha256")
        wanted = f"v1,{base64.b64encode(digest).decode()}"
        signed = any(hmac.compare_digest(wanted, got) for got in self.headers["webhook-signature"].split())
        genuine = signed and abs(time.time() - int(sent_at)) < 300
        if genuine and event_id not in SEEN:
            SEEN.add(event_id)
            print(json.dumps(json.loads(body)), flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
