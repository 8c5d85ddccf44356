"""WebSockets: conversations, and ends of every kind."""
import asyncio

import http1
import websockets


async def conversation(actor):
    host = actor.random.choice(["open.acme.example", "api.acme.example"])
    mark, _ = actor.mark()
    manner = actor.random.choice(["in order", "in order", "breaks off", "no frames"])
    try:
        async with websockets.connect(f"wss://{host}:9443/talk?{mark}", ssl=http1.context(actor.trusted), max_size=None, ping_interval=None) as socket:
            await talk(actor, socket, "authorised none" if host.startswith("api") else "anonymous permessage-deflate")
            if manner == "breaks off":
                socket.transport.abort()
            elif manner == "no frames":
                socket.transport.write(b"\xff\xff\xff\xff garbage " * 10)
    except websockets.ConnectionClosedError:
        if manner == "in order":
            raise


async def talk(actor, socket, expected):
    hello = await socket.recv()
    if hello != expected:
        actor.is_wrong(hello)
    for _ in range(actor.random.randrange(1, 20)):
        message = actor.random.choice(["é" * actor.random.randrange(30000), actor.random.randbytes(actor.random.randrange(70000))])
        await socket.send(message)
        if await socket.recv() != message:
            actor.is_wrong("another message came back")
        await asyncio.sleep(0.01)


KINDS = {"websocket": (conversation, 4)}
