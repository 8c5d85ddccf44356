"""A WebSocket server on python3-websockets: `websocket_server.py ADDRESS PORT PEM|- TOKEN`. Offers permessage-deflate. Says "up" on
standard output. /talk pings first, says whether the handshake was authorised and which extensions it has, and echoes; /flood?N
sends N blocks of 64 KiB, and says "blocked" when one does not go out; /goodbye closes by itself; /vanish breaks off."""
import asyncio
import ssl
import sys

import websockets

BLOCK = bytes(range(256)) * 256


async def talk(websocket, token):
    await (await websocket.ping(b"are you there"))
    authorised = websocket.request_headers.get("X-Auth-Token") == token
    extensions = ",".join(extension.name for extension in websocket.extensions) or "none"
    await websocket.send(f"{'authorised' if authorised else 'anonymous'} {extensions}")
    async for message in websocket:
        await websocket.send(message)


async def serve(websocket, token):
    path, _, count = websocket.path.partition("?")
    if path == "/flood":
        for _ in range(int(count)):
            sending = asyncio.ensure_future(websocket.send(BLOCK))
            if not (await asyncio.wait({sending}, timeout=1))[0]:
                print("blocked", flush=True)
            await sending
    elif path == "/goodbye":
        await websocket.close(4002, "the server has had enough")
    elif path == "/vanish":
        websocket.transport.abort()
    else:
        await talk(websocket, token)


async def main():
    address, port, pem, token = sys.argv[1:]
    context = None
    if pem != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    async with websockets.serve(lambda websocket: serve(websocket, token), address, int(port), ssl=context, max_size=None, ping_interval=None):
        print("up", flush=True)
        await asyncio.Future()


asyncio.run(main())
