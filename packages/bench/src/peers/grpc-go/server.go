// The exchanges of the group `http2`, and the unary calls of the group `server`, on grpc-go from
// Debian's golang-google-grpc-dev. Messages are bytes, without generated code or a codec.
//
//	server [CERTIFICATE KEY]
//
// It prints its port and the versions of grpc-go and Go, and exits when stdin is closed.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
)

type raw struct{}

func (raw) Marshal(message interface{}) ([]byte, error) { return *message.(*[]byte), nil }

// grpc-go does not reuse the bytes.
func (raw) Unmarshal(data []byte, message interface{}) error {
	*message.(*[]byte) = data
	return nil
}

func (raw) Name() string { return "proto" }

var (
	small = []byte("\n\x05world")
	large = make([]byte, 1<<20)
)

func unary(name string, respond func(request []byte) *[]byte) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
			var request []byte
			if err := decode(&request); err != nil {
				return nil, err
			}
			return respond(request), nil
		},
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	for i := range large {
		large[i] = "1 MiB of text. "[i%15]
	}
	encoding.RegisterCodec(raw{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	// One worker reads calls from a queue. That is faster than a goroutine for each call, the default.
	options := []grpc.ServerOption{grpc.NumStreamWorkers(1)}
	if len(os.Args) == 3 {
		tls, err := credentials.NewServerTLSFromFile(os.Args[1], os.Args[2])
		check(err)
		options = append(options, grpc.Creds(tls))
	}
	server := grpc.NewServer(options...)
	echo := func(request []byte) *[]byte { return &request }
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "grpc_study.bench.Bench",
		HandlerType: (*interface{})(nil),
		Methods:     []grpc.MethodDesc{unary("Say", echo), unary("Echo", echo)},
	}, struct{}{})
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "grpc_study.bench.Echo",
		HandlerType: (*interface{})(nil),
		Methods: []grpc.MethodDesc{
			unary("Echo", echo),
			unary("Upload", func([]byte) *[]byte { return &small }),
			unary("Download", func([]byte) *[]byte { return &large }),
		},
	}, struct{}{})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, grpc.Version, runtime.Version())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	check(server.Serve(listener))
}
