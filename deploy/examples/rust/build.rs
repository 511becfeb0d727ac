// SPDX-License-Identifier: MIT
// `build` makes the descriptor set with deploy/examples/protoc.
use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-env-changed=API_DESCRIPTORS");
    let api = std::fs::read(std::env::var("API_DESCRIPTORS")?)?;
    tonic_prost_build::configure().build_server(false).compile_fds(Message::decode(&*api)?)?;
    Ok(())
}
