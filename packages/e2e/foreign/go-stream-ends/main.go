// A server of any method that tells how each stream of requests has ended, in lines on stdout: the method, and "EOF" for one that is complete, or the code
// of gRPC for one that is not. It is grpc-go, from Debian's golang-google-grpc-dev, and takes messages as bytes: there is no generated code.
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
