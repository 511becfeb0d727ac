// SPDX-License-Identifier: MIT
// node create.js ADDRESS NAME SERVICE-CONFIG: creates an API group and prints its ID, or the error.
const fs = require("node:fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const files = ["huaweicloud/apig/v2/api_group_service.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];
const api = loader.loadSync(files, { keepCase: true, includeDirs: [`${__dirname}/proto`] });
const { ApiGroupService } = grpc.loadPackageDefinition(api).huaweicloud.apig.v2;

const [address, name, config] = process.argv.slice(2);
const policy = { "grpc.service_config": fs.readFileSync(config, "utf8") };
const groups = new ApiGroupService(address, grpc.credentials.createInsecure(), policy);

// grpc-js ignores waitForReady in a service config.
const metadata = new grpc.Metadata({ waitForReady: true });

groups.createApiGroup({ name }, metadata, (error, group) => {
  groups.close();
  if (!error) return console.log("created", group.id);
  // UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
  // UNAVAILABLE without one comes from the transport. Look for the name before calling again.
  console.log(grpc.status[error.code], error.details);
  for (const packed of error.metadata.get("grpc-status-details-bin")) {
    for (const any of api["google.rpc.Status"].deserialize(packed).details) {
      const type = any.type_url.split("/")[1];
      const detail = api[type].deserialize(any.value);
      if (type === "google.rpc.ErrorInfo") console.log("reason", detail.reason);
      for (const violation of detail.field_violations ?? []) {
        console.log("field", violation.field, violation.description);
      }
    }
  }
});
