// The `ws` package against origin/websocket_server.py: `websocket_ws.js KIND URL`. Kinds: talk, plain (as talk, without compression),
// flood (does not read until standard input ends), listen. What it prints is what websocket_python.py prints.
const crypto = require("crypto");
const WebSocket = require("ws");

const [kind, url] = process.argv.slice(2);
const sizes = [0, 1, 125, 126, 65535, 65536, 2000000];
const socket = new WebSocket(url, { perMessageDeflate: kind === "talk", maxPayload: 0 });
let received = 0;
const messages = [];

function next() {
  if (messages.length === 0) return socket.ping("ping from the client");
  socket.send(messages[0]);
}

function talk(data, isBinary) {
  if (messages.length === 0) {
    console.log(data.toString());
    for (const size of sizes) messages.push("é".repeat(size / 2), crypto.randomBytes(size));
    return next();
  }
  const sent = messages.shift();
  const same = Buffer.from(sent).equals(data) && isBinary === (typeof sent !== "string");
  if (!same) return console.log("another message came back");
  if (messages.length === 0) console.log("all echoed");
  next();
}

socket.on("open", () => {
  if (kind !== "flood") return;
  socket.pause();
  console.log("paused");
  process.stdin.on("end", () => socket.resume()).resume();
});
socket.on("message", (data, isBinary) => {
  received += data.length;
  if (kind === "talk" || kind === "plain") talk(data, isBinary);
});
socket.on("pong", (data) => {
  console.log("pong", data.toString());
  socket.close(4001, "enough");
});
socket.on("unexpected-response", (request, response) => {
  console.log("refused", response.statusCode);
  request.destroy();
});
socket.on("error", (error) => console.log("error", error.code || error.message));
socket.on("close", (code, reason) => console.log("closed", code, reason.toString(), kind === "flood" ? received : ""));
