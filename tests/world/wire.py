"""A client of `caesura world` that has its connection in its own hands: half-closes it, resets it, stops reading.

    wire = Wire(world.url)
    wire.send("POST", "/r/a/v1/chat/completions", {"model": "thinker", …})
    while (frame := wire.frame()) is not None: …
    wire.hang_up()
"""

import http.client
import json
import socket
import struct

PATIENCE_S = 60  # for what should take a moment: that it hangs is an error


class Wire:
    def __init__(self, url, receive_buffer=None):
        host, port = url.removeprefix("http://").rsplit(":", 1)
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"{host}:{port}"
        self._method = None
        self._response = None
        self._ahead = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()

    def fileno(self):
        return self._socket.fileno()

    def send_bytes(self, data):
        self._socket.sendall(data)

    def send(self, method, path, body=None, headers=None):
        """A request; what came before it has been read. `body`: bytes, or anything that JSON has."""
        self._close_response()
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Host": self._host, "Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {})
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        self._method = method
        self.send_bytes(head.encode() + data)

    @property
    def response(self):
        """With status and headers; returns when they have come. ConnectionError if it is broken before."""
        if self._response is None:
            response = http.client.HTTPResponse(self._socket, method=self._method)
            response.begin()
            self._response = response
        return self._response

    def body(self):
        """All that is left of it; JSON if it is that."""
        text = self.response.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def answer(self):
        """Status and body."""
        return self.response.status, self.body()

    def next_answer(self):
        """Of calls that were sent ahead on this connection, one behind the other, by send_bytes(); their answers have a Content-Length."""
        if self._ahead is None:
            self._ahead = self._socket.makefile("rb")
        status = int(self._ahead.readline().split()[1])
        length = 0
        while (line := self._ahead.readline()) != b"\r\n":
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        return status, self._ahead.read(length)

    def frame(self):
        """What the next server-sent event says in `data`; None at the end."""
        while line := self.response.readline():
            if line.startswith(b"data: "):
                return line[len(b"data: "):].strip().decode()
        return None

    def is_broken(self):
        """Waits until nothing more can come: whether it was broken, or ended well."""
        try:
            while self.response.read(65536):
                pass
            return False
        except (ConnectionError, http.client.HTTPException):
            return True

    def hang_up(self):
        self._close_response()
        if self._ahead is not None:
            self._ahead.close()
        self._socket.close()

    def half_close(self):
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def _close_response(self):
        if self._response is not None:
            self._response.close()
            self._response = None


def nanoseconds(number):
    """Of seconds as JSON has them."""
    return round(number * 1_000_000_000)
