// SPDX-License-Identifier: MIT

// retrying ADDRESS PATH SERVICE-CONFIG PING-MS makes all calls of stdin ("ID REQUEST-HEX" lines) at once and prints each end as JSON.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// bytesCodec sends and receives messages as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                           { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error)          { return v.([]byte), nil }
func (bytesCodec) Unmarshal(data []byte, reply any) error { return nil }

type ending struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Details string `json:"details"`
}

var names = map[codes.Code]string{
	codes.OK: "OK", codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.DeadlineExceeded: "DEADLINE_EXCEEDED",
	codes.ResourceExhausted: "RESOURCE_EXHAUSTED", codes.Unavailable: "UNAVAILABLE", codes.Internal: "INTERNAL",
}

func call(connection *grpc.ClientConn, path, id string, request []byte) ending {
	var trailer metadata.MD
	ctx := metadata.AppendToOutgoingContext(context.Background(), "x-request-id", id)
	err := connection.Invoke(ctx, path, request, nil, grpc.ForceCodec(bytesCodec{}), grpc.Trailer(&trailer))
	details := strings.Join(trailer.Get("grpc-status-details-bin"), "")
	name, ok := names[status.Code(err)]
	if !ok {
		name = status.Code(err).String()
	}
	return ending{id, name, status.Convert(err).Message(), hex.EncodeToString([]byte(details))}
}

func main() {
	address, path := os.Args[1], os.Args[2]
	policy, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(policy))}
	if ms, _ := strconv.Atoi(os.Args[4]); ms > 0 { // grpc-go makes it ten seconds when it is less
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: time.Duration(ms) * time.Millisecond, PermitWithoutStream: true}))
	}
	connection, err := grpc.NewClient(address, options...)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	var calls sync.WaitGroup
	var printing sync.Mutex
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		id, encoded, _ := strings.Cut(input.Text(), " ")
		request, err := hex.DecodeString(encoded)
		if err != nil {
			log.Fatal(err)
		}
		calls.Add(1)
		go func() {
			defer calls.Done()
			text, _ := json.Marshal(call(connection, path, id, request))
			printing.Lock()
			defer printing.Unlock()
			fmt.Println(string(text))
		}()
	}
	calls.Wait()
}
