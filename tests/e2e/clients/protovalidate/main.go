// SPDX-License-Identifier: MIT

// protovalidate checks a request in the client by code that was generated from proto/. The same program holds the published
// code of buf/validate, and a file that is registered twice ends a Go program at its start.
package main

import (
	"fmt"

	"buf.build/go/protovalidate"
	apigv2 "checked/huaweicloud/apig/v2"
)

func main() {
	fmt.Println(protovalidate.Validate(&apigv2.CreateApiGroupRequest{Name: "?"}))
}
