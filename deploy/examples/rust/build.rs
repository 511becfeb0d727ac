// SPDX-License-Identifier: MIT
fn main() -> std::io::Result<()> {
    let proto = "../../../proto";
    println!("cargo:rerun-if-changed={proto}");
    tonic_prost_build::configure()
        .build_server(false)
        .compile_protos(&["huaweicloud/apig/v2/api_group_service.proto"], &[proto])
}
