// SPDX-License-Identifier: MIT
// create ADDRESS NAME SERVICE-CONFIG: creates an API group and prints its ID, or the error.
#include <fstream>
#include <iostream>
#include <iterator>

#include <grpcpp/grpcpp.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "huaweicloud/apig/v2/api_group_service.grpc.pb.h"

int main(int, char **arguments)
{
    using namespace huaweicloud::apig::v2;
    std::ifstream policy(arguments[3]);
    grpc::ChannelArguments options;
    options.SetServiceConfigJSON({std::istreambuf_iterator<char>(policy), {}});
    auto groups = ApiGroupService::NewStub(
        grpc::CreateCustomChannel(arguments[1], grpc::InsecureChannelCredentials(), options));
    grpc::ClientContext context;
    CreateApiGroupRequest request;
    ApiGroup group;
    request.set_name(arguments[2]);
    grpc::Status status = groups->CreateApiGroup(&context, request, &group);
    if (status.ok())
        std::cout << "created " << group.id() << '\n';
    else
        std::cout << status.error_code() << ' ' << status.error_message() << '\n';
    // UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
    // UNAVAILABLE without one comes from the transport. Look for the name before calling again.
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    details.ParseFromString(status.error_details());
    for (const auto &detail : details.details())
        if (detail.UnpackTo(&info))
            std::cout << "reason " << info.reason() << '\n';
        else if (detail.UnpackTo(&bad))
            for (const auto &violation : bad.field_violations())
                std::cout << "field " << violation.field() << ' ' << violation.description()
                          << '\n';
}
