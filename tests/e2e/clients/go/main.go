// SPDX-License-Identifier: MIT

// details ADDRESS PATH HEX calls PATH with those bytes and prints, as JSON, how it failed, by grpc-go's status alone.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // registers the types that details are made of
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// bytesCodec sends and receives messages as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                           { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error)          { return v.([]byte), nil }
func (bytesCodec) Unmarshal(data []byte, reply any) error { return nil }

type detail struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

type failure struct {
	Code     uint32   `json:"code"`
	Message  string   `json:"message"`
	Details  []detail `json:"details"`
	Pushback string   `json:"pushback"`
}

func unpacked(message proto.Message) detail {
	value, err := protojson.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	return detail{string(message.ProtoReflect().Descriptor().FullName()), value}
}

func main() {
	address, path := os.Args[1], os.Args[2]
	request, err := hex.DecodeString(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var trailer metadata.MD
	err = connection.Invoke(ctx, path, request, nil, grpc.ForceCodec(bytesCodec{}), grpc.Trailer(&trailer))
	told := status.Convert(err)
	result := failure{Code: uint32(told.Code()), Message: told.Message()}
	for _, any := range told.Details() {
		message, ok := any.(proto.Message)
		if !ok {
			log.Fatalf("a detail that cannot be decoded: %v", any)
		}
		result.Details = append(result.Details, unpacked(message))
	}
	result.Pushback = strings.Join(trailer.Get("grpc-retry-pushback-ms"), ",")
	text, err := json.Marshal(result)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}
