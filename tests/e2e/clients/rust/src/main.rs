// SPDX-License-Identifier: MIT
//! echo ADDRESS PATH FILE calls PATH with the file's bytes, with gzip and then without, and prints each reply.
use bytes::{Buf, BufMut};
use std::time::Duration;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Sends and receives messages as they are.
#[derive(Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Bytes;
    type Decoder = Bytes;
    fn encoder(&mut self) -> Bytes {
        Bytes
    }
    fn decoder(&mut self) -> Bytes {
        Bytes
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

fn request(message: Vec<u8>) -> Request<Vec<u8>> {
    let every: Vec<u8> = (0..=255).collect();
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(30));
    let metadata = request.metadata_mut();
    metadata.insert("x-ascii", MetadataValue::from_static("a value, with = and spaces"));
    metadata.append("x-repeated", MetadataValue::from_static("first"));
    metadata.append("x-repeated", MetadataValue::from_static("second"));
    metadata.insert_bin("x-data-bin", MetadataValue::from_bytes(&every));
    metadata.insert_bin("x-empty-bin", MetadataValue::from_bytes(b""));
    metadata.append_bin("x-repeated-bin", MetadataValue::from_bytes(b"\x00"));
    metadata.append_bin("x-repeated-bin", MetadataValue::from_bytes(b"\xff\xfe"));
    request
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let message = std::fs::read(&arguments[3])?;
    let channel = Channel::from_shared(format!("http://{}", arguments[1]))?.connect().await?;
    let plain = Grpc::new(channel);
    for mut client in [plain.clone().send_compressed(CompressionEncoding::Gzip), plain] {
        client.ready().await?;
        let path: PathAndQuery = arguments[2].parse()?;
        let reply = client.unary(request(message.clone()), path, Bytes).await?;
        println!("{}", String::from_utf8(reply.into_inner())?);
    }
    Ok(())
}
