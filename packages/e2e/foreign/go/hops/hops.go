// The first and the last hop of a call, in grpc-go. Messages are bytes, so the program needs no
// generated code.
//
//	hops server              prints its port, and for each call {"leftMs", "metadata"}; waits for the
//	                         end of the call, and prints {"ended"}: the text of the context's error
//	hops client ADDRESS MS   makes a unary call with a deadline in MS milliseconds and with metadata,
//	                         cancels it when a line arrives on stdin, and prints {"code"}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
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

func print(value interface{}) {
	line, _ := json.Marshal(value)
	fmt.Println(string(line))
}

func wait(_ interface{}, stream grpc.ServerStream) error {
	received, _ := metadata.FromIncomingContext(stream.Context())
	values := map[string]string{}
	for key, all := range received {
		values[key] = strings.Join(all, ", ")
	}
	deadline, _ := stream.Context().Deadline()
	print(map[string]interface{}{"leftMs": time.Until(deadline).Milliseconds(), "metadata": values})
	<-stream.Context().Done()
	print(map[string]interface{}{"ended": stream.Context().Err().Error()})
	return status.FromContextError(stream.Context().Err()).Err()
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if err := grpc.NewServer(grpc.UnknownServiceHandler(wait)).Serve(listener); err != nil {
		panic(err)
	}
}

func call(address string, milliseconds string) {
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	ms, _ := strconv.Atoi(milliseconds)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(ms)*time.Millisecond)
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		cancel()
	}()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", "r1", "baggage", "a=1",
		"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "authorization", "Bearer secret")
	request, response := []byte{}, []byte{}
	err = connection.Invoke(ctx, "/grpc.testing.TestService/EmptyCall", &request, &response)
	print(map[string]interface{}{"code": status.Code(err)})
}

func main() {
	encoding.RegisterCodec(raw{})
	if os.Args[1] == "server" {
		serve()
	} else {
		call(os.Args[2], os.Args[3])
	}
}
