// SPDX-License-Identifier: MIT
// The descriptor set is that of `build`: deploy/examples/protoc makes it.
use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-env-changed=API_DESCRIPTORS");
    let api = std::fs::read(std::env::var("API_DESCRIPTORS")?)?;
    tonic_prost_build::configure().build_server(false).compile_fds(Message::decode(&*api)?)?;
    Ok(())
}
