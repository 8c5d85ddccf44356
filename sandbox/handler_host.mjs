// Runs the handlers of one policy's script for one sandbox, inside the jail of handler_jail.h: serves calls on a listening
// socket that it inherits, and sends what handlers fetch to the gate's socket. The protocol is docs/handlers.md. Started as
//     node handler_host.mjs SCRIPT STEM CALLS_FD REPORT_FD
// Nothing of one call (its right to fetch, its secrets) is kept for another.
import { AsyncLocalStorage } from "node:async_hooks";
import fs from "node:fs";
import http from "node:http";
import { domainToASCII, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import vm from "node:vm";
import zlib from "node:zlib";

const [scriptPath, scriptStem, callsFd, reportFd] = process.argv.slice(2);

// The gate has its own, smaller bounds for both; secrets travel in a field too.
const kHeaderBytesMax = 4 << 20;
const kReasonBytesMax = 1024;
const kStreamBufferBytes = 64 << 10;
// The gate closes idle connections later than this, so that none is closed under a request that is being sent.
const kIdleMs = 4000;
// How long a host stays that nobody is connected to.
const kLeaveAfterMs = 60_000;

// Of one connection, or computed again from the body (RFC 9110 section 7.6.1).
const kConnectionFields = new Set(["connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te",
                                   "trailer", "transfer-encoding", "upgrade"]);
const kOwnFields = "x-sallyport-";

const NativeRequest = globalThis.Request;
const NativeResponse = globalThis.Response;
const calls = new AsyncLocalStorage();
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 64, timeout: kIdleMs });

// ---- What the standard objects do not tell

// Streams that are a message's body as it came in, with the length that its Content-Length gave.
const lengths = new WeakMap();
// Request → { length, stream, follows }: the length of its body where that is known; a body that the standard gives it no
// place for (GET with a body); whether redirects were to be followed.
const facts = new WeakMap();
// Responses whose body is as the origin sent it, perhaps compressed.
const fetched = new WeakSet();
// Response with status 101 → { socket, head }
const upgrades = new WeakMap();

function factsOf(input, init) {
  const inherited = facts.get(input instanceof NativeRequest ? input : init);
  const body = init?.body;
  const follows = init?.redirect === "follow" && !(init instanceof NativeRequest) || (inherited?.follows ?? false);
  if (body === undefined || (inherited && init instanceof NativeRequest)) return { ...inherited, follows };
  return { length: body instanceof ReadableStream ? lengths.get(body) : undefined, follows };
}

// A stream as a body needs `duplex`, which has only one value.
function withDuplex(init) {
  if (init == null || init instanceof NativeRequest || init.body == null) return init;
  return { duplex: "half", ...init };
}

globalThis.Request = new Proxy(NativeRequest, {
  construct(target, [input, init], newTarget) {
    const known = factsOf(input, init);
    const request = Reflect.construct(target, [input, withDuplex(init)], newTarget);
    facts.set(request, known);
    return request;
  },
});

const cloneRequest = NativeRequest.prototype.clone;
NativeRequest.prototype.clone = function clone() {
  const known = facts.get(this);
  const copy = cloneRequest.call(this);
  if (known) facts.set(copy, { ...known, stream: undefined });
  return copy;
};

const cloneResponse = NativeResponse.prototype.clone;
NativeResponse.prototype.clone = function clone() {
  const copy = cloneResponse.call(this);
  if (fetched.has(this)) fetched.add(copy);
  return copy;
};

const kDecoders = {
  gzip: promisify(zlib.gunzip),
  "x-gzip": promisify(zlib.gunzip),
  deflate: promisify(zlib.inflate),
  br: promisify(zlib.brotliDecompress),
};

// Bodies are passed on as they came; only who reads one as text wants it decoded.
async function decodedText(response) {
  const codings = (response.headers.get("content-encoding") ?? "").toLowerCase().split(",").map((each) => each.trim());
  let bytes = new Uint8Array(await response.arrayBuffer());
  for (const coding of codings.reverse()) {
    if (coding === "" || coding === "identity") continue;
    if (!Object.hasOwn(kDecoders, coding)) throw new TypeError(`a body coded with ${coding} cannot be read as text`);
    bytes = await kDecoders[coding](bytes);
  }
  return new TextDecoder().decode(bytes);
}

const responseText = NativeResponse.prototype.text;
const responseJson = NativeResponse.prototype.json;
NativeResponse.prototype.text = function text() {
  return fetched.has(this) ? decodedText(this) : responseText.call(this);
};
NativeResponse.prototype.json = async function json() {
  return fetched.has(this) ? JSON.parse(await decodedText(this)) : responseJson.call(this);
};

// ---- Bodies

// `cancelled` is called where the reader gives up before the end.
function readableStream(message, cancelled) {
  let open = true;
  const finish = (act) => {
    if (open) act();
    open = false;
  };
  return new ReadableStream({
    start(controller) {
      const broken = () => finish(() => controller.error(new TypeError("the body ended before its end")));
      message.pause();
      message.on("data", (chunk) => {
        if (!open) return;
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        if (controller.desiredSize <= 0) message.pause();
      });
      message.on("end", () => finish(() => controller.close()));
      message.on("error", broken);
      message.on("close", broken);
    },
    pull() {
      message.resume();
    },
    cancel() {
      finish(() => cancelled());
    },
  }, { highWaterMark: kStreamBufferBytes, size: (chunk) => chunk.byteLength });
}

const kNotYet = Symbol("not yet");
const orNotYet = (promise) => Promise.race([promise, new Promise((done) => setImmediate(done, kNotYet))]);

// A body about to be sent: { length, reader, next }. The length of one that is there at once (a string's) is known without
// waiting; undefined otherwise.
async function openBody(stream, knownLength) {
  const reader = stream.getReader();
  const body = { length: knownLength, reader, next: [reader.read()] };
  if (knownLength !== undefined) return body;
  const first = await orNotYet(body.next[0]);
  if (first === kNotYet) return body;
  if (first.done) return { ...body, length: 0 };
  body.next.push(reader.read());
  const second = await orNotYet(body.next[1]);
  if (second !== kNotYet && second.done && first.value instanceof Uint8Array) body.length = first.value.byteLength;
  return body;
}

// The head need not go ahead of the first bytes.
const isAtHand = (body) => body.next.length > 1;

function writable(sink) {
  return new Promise((resolve) => {
    const done = () => {
      sink.off("drain", done);
      sink.off("close", done);
      resolve();
    };
    sink.on("drain", done);
    sink.on("close", done);
  });
}

// Ends the sink, or throws where the body cannot be sent whole.
async function sendBody(body, sink) {
  const gone = () => body.reader.cancel(new TypeError("the receiver is gone")).catch(() => {});
  sink.once("close", gone);
  try {
    let sent = 0;
    for (;;) {
      const { done, value } = await (body.next.shift() ?? body.reader.read());
      if (done || sink.destroyed) break;
      if (!(value instanceof Uint8Array)) throw new TypeError("a body's chunks must be Uint8Array");
      sent += value.byteLength;
      if (body.length !== undefined && sent > body.length) throw new TypeError("the body is longer than its Content-Length");
      if (value.byteLength > 0 && !sink.write(value)) await writable(sink);
    }
    if (sink.destroyed) return;
    if (body.length !== undefined && sent !== body.length) throw new TypeError("the body is shorter than its Content-Length");
    sink.end();
  } finally {
    sink.off("close", gone);
  }
}

function contentLength(headers) {
  const value = headers["content-length"];
  return value !== undefined && /^[0-9]+$/.test(value) ? Number(value) : undefined;
}

// Debian 12's Node.js joins the values with commas. A comma also stands in a date, but no name and "=" follow it there.
Headers.prototype.getSetCookie ??= function getSetCookie() {
  return this.get("set-cookie")?.split(/,\s*(?=[^\s;,=]+=)/) ?? [];
};

// Each Set-Cookie by itself.
function fieldsOf(headers) {
  const fields = [...headers].filter(([name]) => name !== "set-cookie");
  for (const value of headers.getSetCookie()) fields.push(["set-cookie", value]);
  return fields.filter(([name]) => !kConnectionFields.has(name) && !name.startsWith(kOwnFields));
}

function headersOf(message) {
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i].toLowerCase();
    const value = message.rawHeaders[i + 1];
    // Debian 12's Node.js would join them with commas.
    if (name === "cookie" && headers.has(name)) headers.set(name, `${headers.get(name)}; ${value}`);
    else headers.append(name, value);
  }
  return headers;
}

// ---- fetch

function checkFetch(call, request) {
  if (!call || call.over) throw new TypeError("fetch works only while a handler's call lasts");
  if (facts.get(request)?.follows) throw new TypeError('redirects are not followed: redirect: "follow" is not supported');
  if (request.bodyUsed || request.body?.locked) throw new TypeError("the request's body has been read already");
  const { protocol } = new URL(request.url);
  if (protocol !== "http:" && protocol !== "https:") throw new TypeError(`fetch of ${protocol} is not supported`);
}

function outgoingFields(call, request, body) {
  const url = new URL(request.url);
  const fields = fieldsOf(request.headers);
  fields.push(["host", url.host], ["x-sallyport-call", call.token]);
  const upgrade = request.headers.get("upgrade");
  if (upgrade !== null) fields.push(["connection", "Upgrade"], ["upgrade", upgrade]);
  if (body?.length !== undefined) fields.push(["content-length", String(body.length)]);
  else if (body) fields.push(["transfer-encoding", "chunked"]);
  else if (["POST", "PUT", "PATCH"].includes(request.method)) fields.push(["content-length", "0"]);
  return fields;
}

function openRequest(call, request, body) {
  const url = new URL(request.url);
  url.hash = "";
  const outgoing = http.request({
    socketPath: call.fetchPath, method: request.method, path: url.href, agent, setHost: false, maxHeaderSize: kHeaderBytesMax,
  });
  outgoing.maxHeadersCount = 0;
  const values = new Map();
  for (const [name, value] of outgoingFields(call, request, body)) values.set(name, [...(values.get(name) ?? []), value]);
  for (const [name, list] of values) outgoing.setHeader(name, list.length === 1 ? list[0] : list);
  return outgoing;
}

const hasNoBody = (method, status) => method === "HEAD" || [101, 204, 205, 304].includes(status);

// The constructor knows only 200 to 599.
function withStatus(response, status) {
  if (response.status !== status) {
    Object.defineProperty(response, "status", { value: status });
    Object.defineProperty(response, "ok", { value: false });
  }
  return response;
}

function responseOf(request, incoming, cancelled) {
  const { statusCode: status, statusMessage: statusText } = incoming;
  let stream = null;
  if (hasNoBody(request.method, status)) {
    incoming.resume();
  } else {
    stream = readableStream(incoming, cancelled);
    const length = contentLength(incoming.headers);
    if (length !== undefined) lengths.set(stream, length);
  }
  const standard = status >= 200 && status <= 599 ? status : 200;
  const init = { status: standard, statusText, headers: headersOf(incoming) };
  const response = withStatus(new NativeResponse(stream, init), status);
  Object.defineProperty(response, "url", { value: request.url });
  fetched.add(response);
  return response;
}

function upgradeResponse(call, request, incoming, socket, head) {
  const response = withStatus(new NativeResponse(null, { headers: headersOf(incoming) }), incoming.statusCode);
  Object.defineProperty(response, "url", { value: request.url });
  upgrades.set(response, { socket, head });
  socket.on("error", () => socket.destroy());
  const abandoned = () => socket.destroy();
  call.endings.add(abandoned);
  socket.on("close", () => call.endings.delete(abandoned));
  return response;
}

const isStale = (outgoing, body, error) => outgoing.reusedSocket && !body && error.code === "ECONNRESET";

// Resolves to the response as soon as its head is there.
function exchange(call, request, body) {
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(call, request, body);
    let answered = false;
    const abort = () => {
      reject(request.signal.aborted ? request.signal.reason : new TypeError("the call is over"));
      outgoing.destroy();
    };
    const settled = () => {
      request.signal.removeEventListener("abort", abort);
      call.endings.delete(abort);
    };
    request.signal.addEventListener("abort", abort);
    call.endings.add(abort);
    outgoing.on("response", (incoming) => {
      answered = true;
      incoming.on("end", settled);
      resolve(responseOf(request, incoming, () => outgoing.destroy()));
    });
    outgoing.on("upgrade", (incoming, socket, head) => {
      settled();
      resolve(upgradeResponse(call, request, incoming, socket, head));
    });
    outgoing.on("error", (error) => {
      if (answered) return;
      if (isStale(outgoing, body, error) && !call.over) resolve(exchange(call, request, body));
      else reject(new TypeError(`fetch failed: ${error.message}`, { cause: error }));
    });
    outgoing.on("close", () => {
      settled();
      reject(new TypeError("fetch failed: the gate closed the connection"));
    });
    if (!body) return outgoing.end();
    if (!isAtHand(body)) outgoing.flushHeaders();
    sendBody(body, outgoing).catch((error) => {
      reject(error);
      outgoing.destroy();
    });
  });
}

globalThis.fetch = async function fetch(input, init) {
  const call = calls.getStore();
  const request = init === undefined && input instanceof NativeRequest ? input : new globalThis.Request(input, init);
  checkFetch(call, request);
  request.signal.throwIfAborted();
  const { length, stream } = facts.get(request) ?? {};
  const source = request.body ?? stream;
  const response = await exchange(call, request, source ? await openBody(source, length) : undefined);
  if (request.redirect === "error" && response.headers.has("location") && response.status >= 301 && response.status <= 308) {
    throw new TypeError("the response is a redirect");
  }
  return response;
};

// ---- The script

let script = {};
const handlersByHost = [];  // { key, labels }, wildcards included, in the script's order

// One trailing dot is dropped, case does not matter, names are in their ASCII form. Empty for what is no name.
function canonicalLabels(key) {
  const name = key.toLowerCase().replace(/\.$/, "");
  const wildcard = /^(?:\*{1,2}\.)*/.exec(name)[0];
  const rest = domainToASCII(name.slice(wildcard.length));
  return rest === "" ? [] : [...wildcard.split(".").filter(Boolean), ...rest.split(".")];
}

// `*` is one label, `**` one or more.
function matches(pattern, labels) {
  if (pattern.length === 0 || labels.length === 0) return pattern.length === labels.length;
  const [first, ...rest] = pattern;
  if (first !== "*" && first !== "**" && first !== labels[0]) return false;
  return matches(rest, labels.slice(1)) || (first === "**" && matches(pattern, labels.slice(1)));
}

const isWildcard = ({ labels }) => labels[0] === "*" || labels[0] === "**";

function keyForHost(host) {
  const labels = canonicalLabels(host);
  const exact = handlersByHost.find((each) => !isWildcard(each) && matches(each.labels, labels));
  return (exact ?? handlersByHost.find((each) => isWildcard(each) && matches(each.labels, labels)))?.key;
}

// Bound to its table, so that handlers written as methods can call each other.
function entry(table, name) {
  const exists = table != null && name !== undefined && Object.hasOwn(table, name);
  if (!exists || typeof table[name] !== "function") return undefined;
  return (...args) => table[name](...args);
}

function findHandler(kind, name, host) {
  const catchAll = typeof script.outbound === "function" ? script.outbound : undefined;
  switch (kind) {
    case "by_host": return entry(script.outboundByHost, name) ?? entry(script.outboundByHost, keyForHost(name));
    case "named": return entry(script.outboundHandlers, name);
    case "outbound": return catchAll;
    case "rule": {
      const named = entry(script.outboundHandlers, name);
      if (named || name !== scriptStem) return named;
      return entry(script.outboundByHost, keyForHost(host)) ?? catchAll;
    }
  }
  return undefined;
}

function checkTable(name, table) {
  if (table === undefined) return [];
  if (table === null || typeof table !== "object") throw new TypeError(`${name} is not an object`);
  for (const [key, value] of Object.entries(table)) {
    if (typeof value !== "function") throw new TypeError(`${name}[${JSON.stringify(key)}] is not a function`);
  }
  return Object.keys(table);
}

function describe() {
  const hosts = checkTable("outboundByHost", script.outboundByHost);
  const named = checkTable("outboundHandlers", script.outboundHandlers);
  const outbound = script.outbound !== undefined;
  if (outbound && typeof script.outbound !== "function") throw new TypeError("outbound is not a function");
  if (!outbound && hosts.length === 0 && named.length === 0) {
    throw new TypeError("the script exports none of outboundByHost, outboundHandlers and outbound");
  }
  for (const key of hosts) handlersByHost.push({ key, labels: canonicalLabels(key) });
  return { hosts, named, outbound };
}

// ---- Calls

function deepFreeze(value) {
  if (value !== null && typeof value === "object") Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

const decodeObject = (text) => deepFreeze(JSON.parse(Buffer.from(text ?? "", "base64").toString("utf8")));

function readCall(message) {
  const field = (name) => message.headers[kOwnFields + name];
  const [kind, name] = (field("handler") ?? "").split(" ");
  return {
    token: field("call"), fetchPath: field("fetch"), kind, name: name === undefined ? undefined : decodeURIComponent(name),
    env: decodeObject(field("env")), context: decodeObject(field("context")), over: false, endings: new Set(),
  };
}

function requestOf(message, isUpgrade, signal) {
  const headers = headersOf(message);
  for (const name of [...headers.keys()]) {
    const ofConnection = kConnectionFields.has(name) && name !== "host" && name !== "content-length";
    if (name.startsWith(kOwnFields) || (ofConnection && !(isUpgrade && name === "upgrade"))) headers.delete(name);
  }
  const { method, url } = message;
  const length = contentLength(message.headers);
  const hasBody = !isUpgrade && (message.headers["transfer-encoding"] !== undefined || (length ?? 0) > 0);
  if (!hasBody) return new globalThis.Request(url, { method, headers, signal });
  const stream = readableStream(message, () => message.resume());
  if (length !== undefined) lengths.set(stream, length);
  const isBodyless = method === "GET" || method === "HEAD";
  const request = new globalThis.Request(url, { method, headers, signal, ...(isBodyless ? {} : { body: stream }) });
  if (isBodyless) facts.set(request, { length, stream });
  return request;
}

function reasonOf(error) {
  if (!(error instanceof Error)) {
    try {
      return `threw ${String(error)}`;
    } catch {
      return "threw what cannot be shown";
    }
  }
  const place = /(?:file:\/\/)?\/handlers\/([^\s:()]+:\d+(?::\d+)?)/.exec(error.stack ?? "");
  return `${error.name}: ${error.message}${place ? ` (${place[1]})` : ""}`;
}

// Not cut within a character.
function bounded(text) {
  const cut = Buffer.from(text, "utf8").subarray(0, kReasonBytesMax).toString("utf8");
  return Buffer.from(cut.replace(/\ufffd$/, ""), "utf8");
}

function fail(response, code, reason) {
  if (response.headersSent || response.destroyed) return response.destroy();
  const body = bounded(reason);
  const fields = { "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.length, "X-Sallyport-Error": code };
  response.writeHead(500, fields);
  response.end(body);
}

class BadReturn extends Error {}

function checkReturned(returned, isUpgrade) {
  if (!(returned instanceof NativeResponse)) throw new BadReturn("the handler did not return a Response");
  if (upgrades.has(returned) && !isUpgrade) throw new BadReturn("a 101 was returned for a request that asked for no upgrade");
  if (returned.bodyUsed || returned.body?.locked) throw new BadReturn("the returned Response has been read already");
  if (returned.status < 200 && !upgrades.has(returned)) throw new BadReturn(`a Response with status ${returned.status}`);
}

function writeHead(response, returned, extra) {
  response.sendDate = false;
  const fields = [...fieldsOf(returned.headers), ...extra].flat();
  if (returned.statusText) response.writeHead(returned.status, returned.statusText, fields);
  else response.writeHead(returned.status, fields);
}

async function answer(message, response, returned) {
  const length = returned.headers.get("content-length");
  if (hasNoBody(message.method, returned.status)) {
    returned.body?.cancel().catch(() => {});
    const keepsLength = length !== null && (message.method === "HEAD" || returned.status === 304);
    writeHead(response, returned, keepsLength ? [["content-length", length]] : []);
    return response.end();
  }
  if (returned.body === null) {
    writeHead(response, returned, [["content-length", "0"]]);
    return response.end();
  }
  const body = await openBody(returned.body, lengths.get(returned.body));
  if (response.destroyed) return body.reader.cancel().catch(() => {});
  writeHead(response, returned, body.length === undefined ? [["transfer-encoding", "chunked"]]
                                                          : [["content-length", String(body.length)]]);
  if (!isAtHand(body)) response.flushHeaders();
  await sendBody(body, response);
}

// From here on the bytes are nobody's but the two ends'.
function tunnel(call, response, returned, { socket, head }) {
  const { socket: client, head: clientHead } = call.upgrade;
  const upstream = socket;
  const fields = fieldsOf(returned.headers);
  fields.push(["connection", "Upgrade"], ["upgrade", returned.headers.get("upgrade") ?? "websocket"]);
  response.detachSocket(client);
  const lines = ["HTTP/1.1 101 Switching Protocols", ...fields.map(([name, value]) => `${name}: ${value}`), "", ""];
  client.write(lines.join("\r\n"), "latin1");
  if (head.length > 0) client.write(head);
  if (clientHead.length > 0) upstream.write(clientHead);
  client.pipe(upstream);
  upstream.pipe(client);
  upstream.on("close", () => client.destroySoon());
  client.on("close", () => {
    endCall(call);
    upstream.destroy();
  });
}

function endCall(call) {
  call.over = true;
  for (const end of call.endings) end();
  call.endings.clear();
}

const isOutOfMemory = (error) => error instanceof RangeError && /allocation failed|could not allocate/i.test(error.message);

async function handleCall(call, message, response, signal) {
  const request = requestOf(message, call.upgrade !== undefined, signal);
  const handler = findHandler(call.kind, call.name, new URL(request.url).hostname);
  if (!handler) return fail(response, "missing", `the script has no handler for "${call.kind} ${call.name ?? ""}"`);
  const returned = await calls.run(call, () => handler(request, call.env, call.context));
  checkReturned(returned, call.upgrade !== undefined);
  const upgrade = upgrades.get(returned);
  if (upgrade) tunnel(call, response, returned, upgrade);
  else await answer(message, response, returned);
}

async function serve(message, response, upgrade) {
  const client = new AbortController();
  let call;
  response.on("error", () => {});
  response.on("close", () => {
    if (!response.writableFinished) client.abort(new DOMException("the client is gone", "AbortError"));
    if (call) endCall(call);
  });
  try {
    call = readCall(message);
    call.upgrade = upgrade;
    await handleCall(call, message, response, client.signal);
  } catch (error) {
    if (client.signal.aborted) return;
    if (response.headersSent) console.error(`the response broke off: ${reasonOf(error)}`);
    if (error instanceof BadReturn) fail(response, "bad_return", error.message);
    else fail(response, "threw", reasonOf(error));
    // What a script holds on to is never given back: better a new process than one in which every call fails.
    if (isOutOfMemory(error)) response.on("close", () => process.exit(137));
  }
}

function serveUpgrade(message, socket, head) {
  const response = new http.ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on("finish", () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  socket.on("error", () => socket.destroy());
  serve(message, response, { socket, head });
}

// ---- Start

globalThis.crypto ??= (await import("node:crypto")).webcrypto;

// Node.js does not say where a module cannot be parsed. The same text as a function's can tell, its exports and imports
// blanked out; nothing of it runs.
function placeOf(error) {
  const blank = (text) => text.replace(/[^\n]/g, " ");
  const body = fs.readFileSync(scriptPath, "utf8").replace(/^import\b[^;]*?(["'])[^"'\n]*\1;?/gm, blank)
    .replace(/^export(?=\s+(?:const|let|var|function|async|class)\b)/gm, blank);
  try {
    new vm.Script(`(async () => {${body}\n})`, { filename: scriptPath });
  } catch (found) {
    if (found.message === error.message) return found;
  }
  return error;
}

process.on("unhandledRejection", (error) => console.error(`unhandled rejection: ${reasonOf(error)}`));

function report(line) {
  fs.writeSync(Number(reportFd), JSON.stringify(line) + "\n");
  fs.closeSync(Number(reportFd));
}

try {
  script = await import(pathToFileURL(scriptPath).href);
  report(describe());
} catch (error) {
  report({ error: bounded(reasonOf(error instanceof SyntaxError ? placeOf(error) : error)).toString("utf8") });
  process.exit(1);
}

const server = http.createServer({
  maxHeaderSize: kHeaderBytesMax, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0,
}, (message, response) => serve(message, response, undefined));
server.maxHeadersCount = 0;
server.on("upgrade", serveUpgrade);

// The gate closes connections that it does not use for a minute or so: without one, nobody wants this host.
let connections = 0;
let idle = setTimeout(leave, kLeaveAfterMs);
function leave() {
  process.exit(0);
}
server.on("connection", (socket) => {
  connections += 1;
  clearTimeout(idle);
  socket.once("close", () => {
    connections -= 1;
    if (connections === 0) idle = setTimeout(leave, kLeaveAfterMs);
  });
});
server.listen({ fd: Number(callsFd) });
