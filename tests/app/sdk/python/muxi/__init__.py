"""Stands in for MUXI's Python SDK: a connection for each call, the envelope taken off, an idempotency key for each call."""

import asyncio
import json
import uuid
from urllib.parse import urlsplit

from muxi.errors import MuxiError


class AsyncFormationClient:
    def __init__(self, *, base_url, client_key, timeout=30):
        self._url, self._key, self._timeout = urlsplit(base_url), client_key, timeout

    async def chat(self, payload, user_id=""):
        return await self._data("POST", "/chat", payload, user_id)

    async def cancel_request(self, request_id, user_id=""):
        await self._data("DELETE", f"/requests/{request_id}", None, user_id)

    async def chat_stream(self, payload, user_id=""):
        return self._events({**payload, "stream": True}, user_id)

    async def _data(self, method, path, payload, user_id):
        async def call():
            reader, writer = await self._send(method, path, payload, user_id)
            try:
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                return int(head.split()[1]), json.loads(body)
            finally:
                writer.close()

        status, answer = await asyncio.wait_for(call(), self._timeout)
        if status >= 400:
            error = answer["error"]
            raise MuxiError(answer.get("code", error["code"]), answer.get("message", error["message"]), status)
        return answer["data"]

    async def _events(self, payload, user_id):
        reader, writer = await self._send("POST", "/chat", payload, user_id, [("Accept", "text/event-stream")])
        try:
            await reader.readuntil(b"\r\n\r\n")
            event, text = "message", ""
            while size := int(await reader.readline(), 16):
                text += (await reader.readexactly(size + 2))[:-2].decode()
                *lines, text = text.split("\n")
                for line in lines:
                    if line.startswith("event: "):
                        event = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        yield {"event": event, "data": line.removeprefix("data: ")}
                        event = "message"
        finally:
            writer.close()

    async def _send(self, method, path, payload, user_id, more=()):
        body = b"" if payload is None else json.dumps(payload).encode()
        headers = [("Host", self._url.netloc), ("Connection", "close"), ("Content-Type", "application/json"), ("Content-Length", len(body)),
                   ("X-Muxi-Client-Key", self._key), ("X-Muxi-User-ID", user_id), ("X-Muxi-SDK", "python/0"),
                   ("X-Muxi-Idempotency-Key", uuid.uuid4()), *more]
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        writer.write(f"{method} {self._url.path}{path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return reader, writer
