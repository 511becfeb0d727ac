// SPDX-License-Identifier: MIT
// retrying.js ADDRESS PATH SERVICE-CONFIG PING-MS: makes all calls of stdin ("ID REQUEST-HEX" lines) at once; prints each end as JSON.
const fs = require("node:fs");
const grpc = require("@grpc/grpc-js");

const [address, path, config, pingMs] = process.argv.slice(2);
const options = { "grpc.service_config": fs.readFileSync(config, "utf8") };
if (+pingMs) Object.assign(options, { "grpc.keepalive_time_ms": +pingMs, "grpc.keepalive_permit_without_calls": 1 });
const client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
const bytes = (buffer) => buffer;

const lines = fs.readFileSync(0, "utf8").trim().split("\n");
let open = lines.length;
for (const line of lines) {
  const [id, request] = line.split(" ");
  const metadata = new grpc.Metadata({ waitForReady: true }); // grpc-js ignores waitForReady in a service config
  metadata.set("x-request-id", id);
  client.makeUnaryRequest(path, bytes, bytes, Buffer.from(request, "hex"), metadata, (error) => {
    const [details] = error ? error.metadata.get("grpc-status-details-bin") : [];
    const code = error ? grpc.status[error.code] : "OK";
    console.log(JSON.stringify({ id, code, message: error?.details ?? "", details: details?.toString("hex") ?? "" }));
    if (--open === 0) client.close();
  });
}
