"""The agent of subjects/templates/agent.py as a server, as many are: POST /chat {run, message}, DELETE /runs/RUN, GET /health. It ends when
its standard input does.

    python3 server.py PORT [--deaf]

With --deaf it hears neither a DELETE nor that its client has hung up.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[3] / "subjects/templates/agent.py"
DEAF = "--deaf" in sys.argv
template = {}
exec(TEMPLATE.read_text().replace("asyncio.run(main())", ""), template)
conversations, turns = {}, {}


async def read_request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next((int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length:")), 0)
    return *head.split()[:2], json.loads(await reader.readexactly(length) or b"{}")


async def chat(run, message, reader):
    agent = conversations.setdefault(run, template["Agent"](os.environ))
    turns[run] = turn = asyncio.create_task(agent.turn(message))
    hang_up = asyncio.create_task(reader.read(1))
    await asyncio.wait([turn] if DEAF else [turn, hang_up], return_when=asyncio.FIRST_COMPLETED)
    turn.cancel()
    await asyncio.wait([turn])
    hang_up.cancel()
    if turn.cancelled():
        return 200, {"status": "cancelled"}
    return (500, {"error": repr(turn.exception())}) if turn.exception() else (200, {"status": "completed"})


async def answer(reader, writer):
    try:
        method, path, body = await read_request(reader)
    except asyncio.IncompleteReadError:
        return writer.close()  # who only looks whether somebody listens
    status, said = 200, {}
    if method == "post":
        status, said = await chat(body.get("run") or body["request_id"], body["message"], reader)
    elif method == "delete" and not DEAF:
        turns[path.rsplit("/", 1)[1]].cancel()
    data, kind = json.dumps(said).encode(), "application/json"
    if status == 200 and "request_id" in body:  # MUXI's, a stream of events
        last = {"token": {"type": said["status"], "content": ""}}
        data, kind = f'data: {json.dumps(last)}\n\nevent: done\ndata: {{"finished": true}}\n\n'.encode(), "text/event-stream"
    writer.write(f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
    writer.close()


async def main():
    async with await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1])):
        await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


asyncio.run(main())
