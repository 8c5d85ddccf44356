"""python3-websockets against origin/websocket_server.py: `websocket_python.py KIND URL`. As websocket_ws.js, which see."""
import asyncio
import os
import ssl
import sys

import websockets

SIZES = [0, 1, 125, 126, 65535, 65536, 2000000]


async def talk(socket):
    print(await socket.recv())
    for size in SIZES:
        for message in ("é" * (size // 2), os.urandom(size)):
            await socket.send(message)
            if await socket.recv() != message:
                return print("another message came back")
    print("all echoed")
    await (await socket.ping(b"ping from the client"))
    print("pong ping from the client")
    await socket.close(4001, "enough")


async def main():
    kind, url = sys.argv[1:]
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]) if url.startswith("wss:") else None
    try:
        async with websockets.connect(url, ssl=context, max_size=None, ping_interval=None,
                                      compression="deflate" if kind == "talk" else None) as socket:
            if kind == "listen":
                async for _ in socket:
                    pass
            else:
                await talk(socket)
            print("closed", socket.close_code, socket.close_reason, "")
    except websockets.InvalidStatusCode as error:
        print("refused", error.status_code)
    except websockets.ConnectionClosed as error:
        print("closed", error.code, error.reason, "")


asyncio.run(main())
