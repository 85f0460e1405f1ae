// A grpc-go client with the OAuth credentials of grpc-go. Messages are bytes, so the program needs no
// generated code.
//
//	bearer ADDRESS CA  for each token in a line of stdin, makes a call of each kind over TLS, and
//	                   prints [{"code", "message", "details"}]: `details` is a google.rpc.Status in
//	                   base64
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/golang/protobuf/proto"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/oauth"
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

var kinds = []struct {
	path           string
	client, server bool
}{
	{"/services.UserService/GetUserScore", false, false},
	{"/services.UserService/GetUserScoreByServerStream", false, true},
	{"/services.UserService/GetUserScoreByClientStream", true, false},
	{"/services.UserService/GetUserScoreByDoubleEndStream", true, true},
}

// Sends one request, and reads responses to the end.
func call(connection *grpc.ClientConn, path string, client, server bool, token grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	desc := &grpc.StreamDesc{ClientStreams: client, ServerStreams: server}
	stream, err := connection.NewStream(ctx, desc, path, token)
	if err != nil {
		return err
	}
	request := []byte{}
	if err := stream.SendMsg(&request); err != nil && err != io.EOF {
		return err
	}
	stream.CloseSend()
	for {
		var response []byte
		err := stream.RecvMsg(&response)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !server {
			return nil
		}
	}
}

func main() {
	encoding.RegisterCodec(raw{})
	tls, err := credentials.NewClientTLSFromFile(os.Args[2], "")
	if err != nil {
		panic(err)
	}
	connection, err := grpc.Dial(os.Args[1], grpc.WithTransportCredentials(tls))
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		outcomes := []map[string]interface{}{}
		for _, kind := range kinds {
			token := grpc.PerRPCCredentials(oauth.NewOauthAccess(&oauth2.Token{AccessToken: lines.Text()}))
			ended := status.Convert(call(connection, kind.path, kind.client, kind.server, token))
			details, _ := proto.Marshal(ended.Proto())
			packed := base64.StdEncoding.EncodeToString(details)
			outcomes = append(outcomes, map[string]interface{}{"code": ended.Code(), "message": ended.Message(), "details": packed})
		}
		line, _ := json.Marshal(outcomes)
		fmt.Println(string(line))
	}
}
