"""HTTP/1.1 as a client of the soak speaks it: over asyncio, strict about what it is answered."""
import asyncio
import functools
import hashlib
import ssl


@functools.cache
def context(cafile):
    made = ssl.create_default_context(cafile=cafile)
    made.set_alpn_protocols(["http/1.1"])
    return made


class Answer:
    def __init__(self, status, fields):
        self.status, self.fields = status, fields
        self.size, self.digest, self.beginning = 0, hashlib.sha256(), b""

    def take(self, piece):
        self.size += len(piece)
        self.digest.update(piece)
        if len(self.beginning) < 65536:
            self.beginning += piece


class Connection:
    @classmethod
    async def open(cls, host, cafile, port=443):
        self = cls()
        self.host = host
        self.reader, self.writer = await asyncio.open_connection(host, port, limit=1 << 20, ssl=context(cafile) if cafile else None,
                                                                 server_hostname=host if cafile else None)
        return self

    async def send_head(self, method, target, fields=()):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", *fields]
        self.writer.write("".join(line + "\r\n" for line in lines).encode() + b"\r\n")
        await self.writer.drain()

    async def read_head(self):
        while True:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            version, status = head[0].split(" ")[:2]
            assert version == "HTTP/1.1", head[0]
            if status[0] != "1" or status == "101":
                break
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        return Answer(int(status), fields)

    async def read_answer(self, has_body=True):
        answer = await self.read_head()
        if not has_body or answer.status in (204, 304):
            return answer
        if answer.fields.get("transfer-encoding") == "chunked":
            await self._read_chunks(answer)
        elif "content-length" in answer.fields:
            await self._read_exactly(answer, int(answer.fields["content-length"]))
        else:
            while piece := await self.reader.read(65536):
                answer.take(piece)
        return answer

    async def _read_exactly(self, answer, left):
        while left > 0:
            piece = await self.reader.read(min(left, 65536))
            if not piece:
                raise EOFError("the body was cut short")
            answer.take(piece)
            left -= len(piece)

    async def _read_chunks(self, answer):
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            await self._read_exactly(answer, size)
            assert await self.reader.readexactly(2) == b"\r\n"
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass

    def close(self):
        self.writer.close()

    def break_off(self):
        self.writer.transport.abort()
