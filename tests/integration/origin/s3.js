// An S3 server for `s3.py` to stand before: `s3.js ADDRESS PORT BUCKET DIRECTORY`. Says "ready" on standard output.
const S3rver = require("s3rver");

const [address, port, bucket, directory] = process.argv.slice(2);
const server = new S3rver({ address, port: Number(port), silent: true, directory, configureBuckets: [{ name: bucket }] });
server.run().then(() => console.log("ready"));
