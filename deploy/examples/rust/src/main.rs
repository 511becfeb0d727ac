// SPDX-License-Identifier: MIT
//! create ADDRESS NAME: creates an API group and prints its ID, or the error.
use api::{api_group_service_client::ApiGroupServiceClient, CreateApiGroupRequest};
use std::time::Duration;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

mod api {
    tonic::include_proto!("huaweicloud.apig.v2");
}

/// Returns the delay before another attempt. tonic reads no service config, so the policy is here.
/// UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
/// UNAVAILABLE without one comes from the transport. Look for the name before calling again.
fn delay(status: &Status, attempt: u32) -> Option<Duration> {
    let pushback = status.metadata().get("grpc-retry-pushback-ms");
    let ms = pushback.map_or(Some(100 << attempt), |value| value.to_str().ok()?.parse().ok());
    let again = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
    let is_of_sidecar = status.get_details_error_info().is_some();
    ms.filter(|_| again && is_of_sidecar && attempt < 4).map(Duration::from_millis)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut groups = ApiGroupServiceClient::connect(arguments[1].clone()).await?;
    let mut attempt = 1;
    let status = loop {
        let name = arguments[2].clone();
        let mut request = Request::new(CreateApiGroupRequest { name, ..Default::default() });
        request.set_timeout(Duration::from_secs(60));
        match groups.create_api_group(request).await {
            Ok(group) => return Ok(println!("created {}", group.into_inner().id)),
            Err(status) => match delay(&status, attempt) {
                Some(time) => tokio::time::sleep(time).await,
                None => break status,
            },
        }
        attempt += 1;
    };
    println!("{:?} {}", status.code(), status.message());
    if let Some(info) = status.get_details_error_info() {
        println!("reason {}", info.reason);
    }
    let bad = status.get_details_bad_request();
    for violation in bad.iter().flat_map(|bad| &bad.field_violations) {
        println!("field {} {}", violation.field, violation.description);
    }
    Ok(())
}
