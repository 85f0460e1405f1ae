// A grpc-go server and client that exchange statuses and metadata. Values of -bin keys and status
// messages are base64 in JSON. Messages are bytes, so the program needs no generated code.
//
//	statuses server          prints its port, and ends each call with the code `x-code` and the
//	                         message `x-text-bin` of its metadata; echoes `x-value` and
//	                         `x-value-bin` in the header and the trailer
//	statuses client ADDRESS  makes a unary call for each line of stdin, a JSON list of [key, value],
//	                         over one connection, and prints {"code", "message", "header", "trailer"}
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

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

func answer(_ interface{}, stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	received, _ := metadata.FromIncomingContext(stream.Context())
	values := metadata.MD{}
	for _, key := range []string{"x-value", "x-value-bin"} {
		values.Append(key, received.Get(key)...)
	}
	stream.SetHeader(values)
	stream.SetTrailer(values)
	if text := received.Get("x-text-bin"); len(text) > 0 {
		code, _ := strconv.Atoi(received.Get("x-code")[0])
		return status.Error(codes.Code(code), text[0])
	}
	response := []byte{}
	return stream.SendMsg(&response)
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if err := grpc.NewServer(grpc.UnknownServiceHandler(answer)).Serve(listener); err != nil {
		panic(err)
	}
}

func encode(from metadata.MD) map[string][]string {
	values := map[string][]string{}
	for key, all := range from {
		for _, value := range all {
			if strings.HasSuffix(key, "-bin") {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			values[key] = append(values[key], value)
		}
	}
	return values
}

func call(address string) {
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var pairs [][2]string
		if err := json.Unmarshal(lines.Bytes(), &pairs); err != nil {
			panic(err)
		}
		sent := metadata.MD{}
		for _, pair := range pairs {
			value := pair[1]
			if strings.HasSuffix(pair[0], "-bin") {
				bytes, _ := base64.StdEncoding.DecodeString(value)
				value = string(bytes)
			}
			sent.Append(pair[0], value)
		}
		var header, trailer metadata.MD
		request, response := []byte{}, []byte{}
		err := connection.Invoke(metadata.NewOutgoingContext(context.Background(), sent), "/grpc.testing.TestService/EmptyCall",
			&request, &response, grpc.Header(&header), grpc.Trailer(&trailer))
		ended := status.Convert(err)
		line, _ := json.Marshal(map[string]interface{}{
			"code":    ended.Code(),
			"message": base64.StdEncoding.EncodeToString([]byte(ended.Message())),
			"header":  encode(header),
			"trailer": encode(trailer),
		})
		fmt.Println(string(line))
	}
}

func main() {
	encoding.RegisterCodec(raw{})
	if os.Args[1] == "server" {
		serve()
	} else {
		call(os.Args[2])
	}
}
