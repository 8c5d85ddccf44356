// An origin that speaks HTTP/2, on node's own: `http2_server.js ADDRESS PORT PEM|- PROTOCOLS LOG TOKEN OTHER GATES`. PROTOCOLS is
// what it agrees to: `h2`, `h2,http/1.1` or `http/1.1`; without a PEM it speaks HTTP/2 in the clear. LOG gets a flat JSON object
// for each connection and for each request. TOKEN and OTHER are the credentials it knows. Says "up" on standard output, and "blocked"
// where /flood is not taken.
const crypto = require("crypto");
const fs = require("fs");
const http2 = require("http2");
const https = require("https");
const path = require("path");
const { frame, reader } = require("./websocket_frames.js");

const [address, port, pem, protocols, log, token, other, gates] = process.argv.slice(2);
const BLOCK = Buffer.from(Array.from({ length: 65536 }, (_, at) => at % 256));
const seen = new Set(); // keys of pages that behave otherwise the second time
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
let connections = 0;

const say = (line) => fs.appendFileSync(log, JSON.stringify(line) + "\n");
const parameter = (request, name) => new URL(request.url, "http://origin").searchParams.get(name);

function who(request) {
  const sent = request.headers["x-auth-token"] || (request.headers.authorization || "").replace(/^Bearer /, "");
  return { [token]: "token", [other]: "other" }[sent] || (sent ? "unknown" : "none");
}

// As they came, but that those of HTTP/2 have no ":" in a name's beginning.
const fields = (request) => request.rawHeaders.filter((_, at) => at % 2 === 0).join(" ");

const about = (request) => ({
  connection: request.socket.number,
  version: request.httpVersion,
  method: request.method,
  target: request.url,
  authority: request.headers[":authority"] || request.headers.host || "",
  scheme: request.headers[":scheme"] || "",
  who: who(request),
  authorization: request.headers.authorization ? "yes" : "no",
  fields: fields(request),
});

async function body(request) {
  const hash = crypto.createHash("sha256");
  let bytes = 0;
  for await (const piece of request) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { body_bytes: bytes, sha256: hash.digest("hex") };
}

async function echo(request, response) {
  const answer = { ...about(request), ...(await body(request)) };
  answer.trailers = Object.entries(request.trailers).map(([name, value]) => `${name}=${value}`).join(" ");
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(answer) + "\n");
}

const opened = (gate) => new Promise((done) => fs.createReadStream(path.join(gates, gate)).once("data", done));

function early(request, response) {
  response.writeEarlyHints({ link: "</style.css>; rel=preload" });
  response.end("after the hints\n");
}

function trailers(request, response) {
  response.setHeader("Trailer", "x-sum");
  response.addTrailers({ "x-sum": "42" });
  response.end("body\n");
}

// Everywhere in the answer at once.
function reflect(request, response) {
  const said = request.headers["x-auth-token"] || "nobody";
  response.writeEarlyHints({ link: `</${said}>; rel=preload`, "x-early": said });
  response.writeHead(200, { "Content-Type": "text/plain", "X-Debug": said, "Set-Cookie": `k=${said}`, Trailer: "x-debug-end" });
  response.write("before " + said.slice(0, 9));
  setImmediate(() => {
    response.addTrailers({ "x-debug-end": Buffer.from(said).toString("base64"), "x-kept": "yes" });
    response.end(said.slice(9) + " after\n");
  });
}

function big(request, response) {
  let left = Number(parameter(request, "bytes"));
  response.setHeader("Content-Length", left);
  const go = () => {
    while (left > 0) {
      const piece = BLOCK.subarray(0, Math.min(left, BLOCK.length));
      left -= piece.length;
      if (!response.write(piece)) return response.once("drain", go);
    }
    response.end();
  };
  go();
}

// As fast as it is taken; "blocked" when it has not been for a second.
async function flood(request, response) {
  let left = Number(parameter(request, "mib")) << 4;
  for (; left > 0; --left) {
    if (response.write(BLOCK)) continue;
    const timer = setTimeout(() => console.log("blocked"), 1000);
    await new Promise((drained) => response.once("drain", drained).once("close", drained));
    clearTimeout(timer);
    if (response.destroyed || response.writableEnded) return;
  }
  response.end();
}

async function slow(request, response) {
  response.setHeader("Content-Type", "text/plain");
  response.write("half ");
  await opened(parameter(request, "gate"));
  response.end("more\n");
}

async function silent(request, response) {
  await opened(parameter(request, "gate"));
  response.end("at last\n");
}

// Each piece of the body comes back as it comes in.
function duplex(request, response) {
  response.writeHead(200);
  request.pipe(response);
}

function first_time(request) {
  const key = parameter(request, "key");
  return !seen.has(key) && seen.add(key);
}

// Not processed, and told so: the first time with each ?key.
function refuse_once(request, response) {
  if (first_time(request)) return request.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  return echo(request, response);
}

// As refuse_once, for the whole connection.
function goaway_once(request, response) {
  if (!first_time(request)) return echo(request, response);
  request.stream.session.goaway(0, Math.max(0, request.stream.id - 2));
}

// Answers, and wants no more on this connection.
async function last_one(request, response) {
  request.stream.session.goaway(0, request.stream.id);
  await echo(request, response);
}

// Half of an answer, and a reset.
function broken(request, response) {
  response.write("half ", () => request.stream.close(Number(parameter(request, "code"))));
}

const PAGES = {
  "/echo": echo, "/early": early, "/trailers": trailers, "/reflect": reflect, "/big": big, "/flood": flood, "/slow": slow,
  "/silent": silent, "/duplex": duplex, "/refuse-once": refuse_once, "/goaway-once": goaway_once, "/last-one": last_one,
  "/broken": broken,
};

function answer(request, response) {
  say(about(request));
  request.on("error", () => {});
  response.on("error", () => {});
  const name = request.url.replace(/\?.*/, "");
  const page = name.startsWith("/echo/") ? echo : PAGES[name];
  if (page) return Promise.resolve(page(request, response)).catch(() => {});  // of a client that has gone
  response.statusCode = 404;
  response.end("no such page\n");
}

// Says who is speaking, then echoes; "bye" closes.
function talk(request, stream) {
  stream.write(frame(1, who(request)));
  if (parameter(request, "reflect") !== null) stream.write(frame(1, "it is " + (request.headers["x-auth-token"] || "nobody")));
  stream.on("data", reader((opcode, payload) => {
    if (opcode !== 8 && payload.toString() !== "bye") return stream.write(frame(opcode, payload));
    stream.end(frame(8, [3, 232]));
  }));
}

// WebSocket over an extended CONNECT (RFC 8441).
function connect(request, response) {
  say({ ...about(request), protocol: request.headers[":protocol"] || "" });
  if (request.headers[":protocol"] !== "websocket" || request.url.startsWith("/refuse")) {
    response.statusCode = 403;
    return response.end("no\n");
  }
  request.stream.on("error", () => {});
  response.writeHead(200);
  talk(request, request.stream);
}

// And over an upgrade of HTTP/1.1 (RFC 6455).
function upgrade(request, socket) {
  say({ ...about(request), protocol: "upgrade" });
  socket.on("error", () => {});
  if (request.url.startsWith("/refuse")) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
  const accept = crypto.createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  talk(request, socket);
}

function make_server() {
  if (pem === "-") return http2.createServer({ settings: { enableConnectProtocol: true } });
  const tls = { cert: fs.readFileSync(pem), key: fs.readFileSync(pem) };
  if (protocols === "http/1.1") return https.createServer({ ...tls, ALPNProtocols: ["http/1.1"] });
  return http2.createSecureServer({ ...tls, allowHTTP1: protocols !== "h2", settings: { enableConnectProtocol: true } });
}

const server = make_server();
server.prependListener(pem === "-" ? "connection" : "secureConnection", (socket) => {
  socket.number = ++connections;
  say({ opened: connections, alpn: socket.alpnProtocol || "none" });
});
server.on("request", answer);
server.on("connect", connect);
server.on("upgrade", upgrade);
server.on("sessionError", () => {});
server.listen(Number(port), address, () => console.log("up"));
