// A grpc-go server that fails on request. The metadata of a call controls it: the first
// `x-failures` attempts of call `x-call` end with UNAVAILABLE, and carry `x-pushback` as
// grpc-retry-pushback-ms. Attempt number `x-silent` gets no response. A successful response says
// how many attempts preceded it, and how many requests arrived.
//
// The server prints its port, and `cancelled CALL ATTEMPT` for each silent attempt that the client
// resets. A line on stdin stops it gracefully. Messages are bytes, and one field is encoded by
// hand, so the server needs no generated code.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type raw struct{}

func (raw) Marshal(v interface{}) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v interface{}) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

var (
	lock     sync.Mutex
	attempts = map[string]int{}
)

func answer(_ interface{}, stream grpc.ServerStream) error {
	header, _ := metadata.FromIncomingContext(stream.Context())
	text := func(key string) string {
		if values := header.Get(key); len(values) > 0 {
			return values[0]
		}
		return ""
	}
	number := func(key string) int {
		value, _ := strconv.Atoi(text(key))
		return value
	}
	call := text("x-call")
	lock.Lock()
	attempts[call]++
	attempt := attempts[call]
	lock.Unlock()
	if call != "" && attempt <= number("x-failures") {
		if pushback := text("x-pushback"); pushback != "" {
			stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", pushback))
		}
		return status.Errorf(codes.Unavailable, "attempt %d", attempt)
	}
	if attempt == number("x-silent") {
		<-stream.Context().Done()
		fmt.Println("cancelled", call, attempt)
		return stream.Context().Err()
	}
	requests := 0
	for {
		var message []byte
		if stream.RecvMsg(&message) != nil {
			break
		}
		requests++
	}
	report := fmt.Sprintf("sent before: %d, requests: %d", number("grpc-previous-rpc-attempts"), requests)
	response := append([]byte{0x0a, byte(len(report))}, report...)
	return stream.SendMsg(&response)
}

func main() {
	encoding.RegisterCodec(raw{})
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(grpc.UnknownServiceHandler(answer))
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		server.GracefulStop()
	}()
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
