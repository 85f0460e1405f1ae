// A grpc-go server that accepts any method and reports how each stream of requests ended. It prints
// one line for each stream: the method, and "EOF" for a complete stream, or the gRPC code of an
// incomplete one. Messages are bytes, so the server needs no generated code. grpc-go is Debian's
// golang-google-grpc-dev.
package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

type bytesCodec struct{}

func (bytesCodec) Marshal(message interface{}) ([]byte, error) { return *message.(*[]byte), nil }

func (bytesCodec) Unmarshal(data []byte, message interface{}) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) String() string { return "proto" }

func read(_ interface{}, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	fmt.Println("begun", method)
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			fmt.Println("ended", method, "EOF")
			empty := []byte{}
			return stream.SendMsg(&empty)
		}
		if err != nil {
			fmt.Println("ended", method, status.Code(err))
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("serving", listener.Addr())
	server := grpc.NewServer(grpc.CustomCodec(bytesCodec{}), grpc.UnknownServiceHandler(read))
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
