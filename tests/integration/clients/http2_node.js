// node's own HTTP/2 client: `http2_node.js KIND URL [MORE…]`, all of a kind over one session. See `kinds` for what each prints.
const crypto = require("crypto");
const http2 = require("http2");
const { frame, reader } = require("../origin/websocket_frames.js");

const [kind, url, ...more] = process.argv.slice(2);
const session = http2.connect(new URL(url).origin);
session.on("error", (error) => console.log("session", error.code));

const path = (extra = "") => new URL(url).pathname + new URL(url).search + extra;

// Everything of one stream, when it has ended. `on_data` is called for each piece.
function whole(headers, { body, trailers, on_data = () => {} } = {}) {
  return new Promise((done) => {
    const options = { endStream: body === undefined && !trailers, waitForTrailers: Boolean(trailers) };
    const stream = session.request(headers, options);
    const got = { stream, status: 0, early: [], body: "", trailers: {}, code: 0 };
    stream.on("headers", (fields) => got.early.push(fields));
    stream.on("response", (fields) => Object.assign(got, { status: fields[":status"], headers: fields }));
    stream.on("trailers", (fields) => (got.trailers = fields));
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.on("data", (piece) => {
      got.body += piece.toString("latin1");
      on_data(piece, stream);
    });
    stream.on("error", () => {});
    stream.on("close", () => done({ ...got, code: stream.rstCode }));
    if (!options.endStream) stream.end(body);
  });
}

const kinds = {
  // MORE: how many at once. Of each, one in ten sends a body. How many came whole, and over how many connections of the origin.
  async many() {
    const asked = Array.from({ length: Number(more[0]) }, (_, number) => {
      const body = number % 10 === 0 ? "b".repeat(number * 100) : undefined;
      return whole({ ":path": `/echo?n=${number}`, ":method": body ? "POST" : "GET" }, { body });
    });
    const answers = (await Promise.all(asked)).map((got) => JSON.parse(got.body));
    const right = answers.filter((answer, number) => answer.target === `/echo?n=${number}` && answer.body_bytes === (number % 10 ? 0 : number * 100));
    console.log("right", right.length, "connections", new Set(answers.map((answer) => answer.connection)).size);
  },
  // MORE: sizes of bodies that come at once.
  async big() {
    const sizes = await Promise.all(more.map((size) => whole({ ":path": path(size) })));
    console.log(sizes.map((got) => got.body.length).join(" "));
  },
  // A whole conversation, with all that HTTP/2 has beside a head and a body.
  async talk() {
    const early = await whole({ ":path": "/early" });
    console.log("early", early.early.map((fields) => `${fields[":status"]} ${fields.link}`).join(), early.status, early.body.trim());
    const trailers = await whole({ ":path": "/trailers" });
    console.log("trailers", trailers.trailers["x-sum"], trailers.body.trim());
    const sent = await whole({ ":path": "/echo", ":method": "POST" }, { body: "hello", trailers: { "x-checksum": "17" } });
    console.log("sent", JSON.parse(sent.body).body_bytes, JSON.parse(sent.body).trailers);
    const head = await whole({ ":path": "/big?bytes=1234", ":method": "HEAD" });
    console.log("head", head.status, head.headers["content-length"], head.body.length);
    const missing = await whole({ ":path": "/nowhere" });
    console.log("missing", missing.status);
  },
  // The status and body of each path of MORE, one after the other.
  async each() {
    for (const target of more) {
      const got = await whole({ ":path": target });
      console.log(got.status, got.code, got.body.trim());
    }
  },
  // Everything that was said, for those who look for secrets.
  async all() {
    const got = await whole({ ":path": path() });
    console.log(JSON.stringify({ early: got.early, headers: got.headers, body: got.body, trailers: got.trailers, code: got.code }));
  },
  // MORE: paths, asked for at once; a line for each first piece and for each end. The stream that `abort` stands before is given up
  // when its first piece is there.
  async watch() {
    const started = more.map((target) => {
      const gives_up = target.startsWith("abort");
      const name = target.replace("abort", "");
      const on_data = (piece, stream) => {
        console.log("data", name, piece.toString());
        if (gives_up) stream.close(http2.constants.NGHTTP2_CANCEL);
      };
      return whole({ ":path": name }, { on_data }).then((got) => console.log("end", name, got.status, got.code, got.body.trim()));
    });
    await Promise.all(started);
  },
  // Words come back one by one, each before the next one is sent.
  async duplex() {
    const words = ["one", "two", "three", "four"];
    const stream = session.request({ ":path": "/duplex", ":method": "POST" });
    stream.write(words[0]);
    stream.on("data", (piece) => {
      console.log(piece.toString());
      words.shift();
      words.length > 0 ? stream.write(words[0]) : stream.end();
    });
    await new Promise((done) => stream.on("close", done));
  },
  // Messages over an extended CONNECT; MORE is said, one by one. Prints what comes.
  async websocket() {
    await new Promise((done) => session.once("remoteSettings", done));
    console.log("offered", session.remoteSettings.enableConnectProtocol);
    const stream = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": path(), "sec-websocket-version": "13" });
    const waiting = [...more];
    stream.on("error", () => {});
    const mask = crypto.randomBytes(4);
    const say_next = () => waiting.length > 0 && stream.write(frame(1, waiting.shift(), mask));
    const hear = reader((opcode, payload) => {
      console.log(opcode === 8 ? "closed" : payload.toString());
      if (opcode !== 8) say_next();
      else stream.end();
    });
    stream.on("response", (fields) => {
      console.log("status", fields[":status"]);
      if (fields[":status"] !== 200) stream.end();
      stream.on("data", fields[":status"] === 200 ? hear : (piece) => console.log(piece.toString().trim()));
    });
    await new Promise((done) => stream.on("close", done));
    console.log("code", stream.rstCode);
  },
};

kinds[kind]().then(() => session.close());
