// SPDX-License-Identifier: MIT

// go_service LISTEN UPSTREAM CA-FILE TOKEN-FILE is the service that tests/bench/compare puts beside the sidecar: grpc-go for
// its callers and net/http for APIG. The HTTP status of a response decides the gRPC code, and the token is read at start.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
	"unicode/utf8"

	apigv2 "example/huaweicloud/apig/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	longestResponse = 4 << 20
	connections     = 64
)

var codeOf = map[int]codes.Code{
	http.StatusBadRequest:         codes.InvalidArgument,
	http.StatusUnauthorized:       codes.Unauthenticated,
	http.StatusForbidden:          codes.PermissionDenied,
	http.StatusNotFound:           codes.NotFound,
	http.StatusConflict:           codes.Aborted,
	http.StatusTooManyRequests:    codes.ResourceExhausted,
	http.StatusServiceUnavailable: codes.Unavailable,
}

type groups struct {
	apigv2.UnimplementedApiGroupServiceServer
	upstream, token string
	client          *http.Client
}

func (service *groups) CreateApiGroup(ctx context.Context, in *apigv2.CreateApiGroupRequest) (*apigv2.ApiGroup, error) {
	if length := utf8.RuneCountInString(in.Name); length < 3 || length > 255 {
		return nil, status.Error(codes.InvalidArgument, "name must have 3 to 255 characters")
	}
	content, err := json.Marshal(struct {
		Name   string  `json:"name"`
		Remark *string `json:"remark,omitempty"`
	}{in.Name, in.Remark})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	address := fmt.Sprintf("%s/v2/%s/apigw/instances/%s/api-groups",
		service.upstream, url.PathEscape(in.ProjectId), url.PathEscape(in.InstanceId))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(content))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Auth-Token", service.token)
	response, err := service.client.Do(request)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	defer response.Body.Close()
	return read(response)
}

func read(response *http.Response) (*apigv2.ApiGroup, error) {
	content, err := io.ReadAll(io.LimitReader(response.Body, longestResponse))
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	if response.StatusCode/100 != 2 {
		code, known := codeOf[response.StatusCode]
		if !known {
			code = codes.Unknown
		}
		return nil, status.Errorf(code, "HTTP %d: %s", response.StatusCode, content)
	}
	group := &apigv2.ApiGroup{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(content, group); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return group, nil
}

func file(name string) []byte {
	content, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	return content
}

func main() {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(file(os.Args[3]))
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted}, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	apigv2.RegisterApiGroupServiceServer(server, &groups{upstream: os.Args[2], token: string(file(os.Args[4])), client: client})
	log.Fatal(server.Serve(listener))
}
