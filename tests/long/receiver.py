"""Somebody who is told: takes what apprise posts as JSON, one line a message in a file.

    python -S receiver.py FILE      (prints its port)

A process of its own, because the driver of the kills may have no thread when it forks.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

TAKEN = Path(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        told = self.rfile.read(int(self.headers["Content-Length"]))
        with TAKEN.open("ab") as file:
            file.write(told.replace(b"\n", b" ") + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed but the port."""


def main() -> None:
    http = HTTPServer(("127.0.0.1", 0), Handler)
    print(http.server_address[1], flush=True)
    http.serve_forever()


if __name__ == "__main__":
    main()
