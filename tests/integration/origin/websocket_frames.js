// Frames of WebSocket (RFC 6455) that are not fragmented, of up to 64 KiB: for an origin, and for a client that masks.
function frame(opcode, payload, mask) {
  const data = Buffer.from(payload);
  const small = data.length < 126;
  const head = Buffer.alloc(small ? 2 : 4);
  head[0] = 0x80 | opcode;
  head[1] = (mask ? 0x80 : 0) | (small ? data.length : 126);
  if (!small) head.writeUInt16BE(data.length, 2);
  if (!mask) return Buffer.concat([head, data]);
  return Buffer.concat([head, mask, data.map((byte, at) => byte ^ mask[at % 4])]);
}

// Calls `take(opcode, payload)` for each frame that the pieces given to it complete.
function reader(take) {
  let held = Buffer.alloc(0);
  return (piece) => {
    held = Buffer.concat([held, piece]);
    for (;;) {
      if (held.length < 2) return;
      const masked = held[1] & 0x80;
      const long = (held[1] & 0x7f) === 126;
      const begin = 2 + (long ? 2 : 0) + (masked ? 4 : 0);
      if (held.length < begin) return;
      const end = begin + (long ? held.readUInt16BE(2) : held[1] & 0x7f);
      if (held.length < end) return;
      const mask = masked ? held.subarray(begin - 4, begin) : Buffer.alloc(4);
      const payload = held.subarray(begin, end).map((byte, at) => byte ^ mask[at % 4]);
      const opcode = held[0] & 15;
      held = held.subarray(end);
      take(opcode, payload);
    }
  };
}

module.exports = { frame, reader };
