"""Takes notifications and says of each whether the library verifies it: `verified ID` or `refused WHY`."""

import base64
import http.server
import sys

from standardwebhooks.webhooks import Webhook

HOOK = Webhook("whsec_" + base64.b64encode(sys.argv[1].encode()).decode())


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            HOOK.verify(body, headers)
            verdict = "verified " + headers["webhook-id"]
        except Exception as error:
            verdict = f"refused {error!r}"
        try:
            HOOK.verify(body + b" ", headers)
            verdict = "refused: a forged body passes"
        except Exception:
            pass
        print(verdict, flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
