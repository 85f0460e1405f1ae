// A grpc-go server that reports how the request stream of each call ended: it prints `METHOD COUNT
// complete` after io.EOF, and `METHOD COUNT CODE` after an error. It prints its port first.
// Messages are bytes, so the server needs no generated code.
package main

import (
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
)

type raw struct{}

func (raw) Marshal(v interface{}) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v interface{}) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

func read(_ interface{}, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	for count := 0; ; count++ {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			fmt.Println(method, count, "complete")
			return stream.SendMsg(&[]byte{})
		}
		if err != nil {
			fmt.Println(method, count, status.Code(err))
			return err
		}
	}
}

func main() {
	encoding.RegisterCodec(raw{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(grpc.UnknownServiceHandler(read))
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
