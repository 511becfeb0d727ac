// SPDX-License-Identifier: MIT

// echo ADDRESS PATH FILE calls PATH with the file's bytes, with gzip and then without, and prints each reply.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
)

// bytesCodec sends and receives messages as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                 { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (bytesCodec) Unmarshal(data []byte, reply any) error {
	*reply.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func main() {
	address, path := os.Args[1], os.Args[2]
	request, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, compression := range []string{gzip.Name, encoding.Identity} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		ctx = metadata.AppendToOutgoingContext(ctx, "x-ascii", "a value, with = and spaces", "x-repeated", "first",
			"x-repeated", "second", "x-data-bin", string(every), "x-empty-bin", "", "x-repeated-bin", "\x00",
			"x-repeated-bin", "\xff\xfe")
		var reply []byte
		if err := connection.Invoke(ctx, path, request, &reply, grpc.ForceCodec(bytesCodec{}), grpc.UseCompressor(compression)); err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(reply))
	}
}
