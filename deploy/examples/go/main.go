// SPDX-License-Identifier: MIT

// create ADDRESS NAME SERVICE-CONFIG creates an API group and prints its ID, or the error.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	apigv2 "example/huaweicloud/apig/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func main() {
	address, name, config := os.Args[1], os.Args[2], os.Args[3]
	policy, err := os.ReadFile(config)
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(policy)))
	if err != nil {
		log.Fatal(err)
	}
	groups := apigv2.NewApiGroupServiceClient(connection)
	group, err := groups.CreateApiGroup(context.Background(), &apigv2.CreateApiGroupRequest{Name: name})
	if err == nil {
		fmt.Println("created", group.Id)
		return
	}
	// UNAVAILABLE with an ErrorInfo means that nothing was processed. Call again.
	// UNAVAILABLE without one comes from the transport. Look for the name before calling again.
	fmt.Println(status.Code(err), status.Convert(err).Message())
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Println("reason", detail.Reason)
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				fmt.Println("field", violation.Field, violation.Description)
			}
		}
	}
}
