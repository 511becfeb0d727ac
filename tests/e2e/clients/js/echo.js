// SPDX-License-Identifier: MIT
// echo.js ADDRESS PATH FILE: calls PATH with the file's bytes, with gzip and then without, and prints each reply.
const fs = require("node:fs");
const grpc = require("@grpc/grpc-js");

const [address, path, file] = process.argv.slice(2);
const bytes = (buffer) => buffer;
const metadata = new grpc.Metadata();
metadata.add("x-ascii", "a value, with = and spaces");
metadata.add("x-repeated", "first");
metadata.add("x-repeated", "second");
metadata.add("x-data-bin", Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
metadata.add("x-empty-bin", Buffer.alloc(0));
metadata.add("x-repeated-bin", Buffer.from([0]));
metadata.add("x-repeated-bin", Buffer.from([0xff, 0xfe]));

function call(compression) {
  const options = { "grpc.default_compression_algorithm": compression };
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 30000;
    client.makeUnaryRequest(path, bytes, bytes, fs.readFileSync(file), metadata, { deadline }, (error, reply) => {
      client.close();
      if (error) reject(error);
      else resolve(console.log(reply.toString()));
    });
  });
}

call(grpc.compressionAlgorithms.gzip).then(() => call(grpc.compressionAlgorithms.identity));
