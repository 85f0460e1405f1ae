// Go's grpc-gateway, from Debian's golang-github-grpc-ecosystem-grpc-gateway-dev, in front of a gRPC
// server.
//
//	gateway HOST:PORT
//
// It prints its port, and exits when stdin is closed.
package main

import (
	"context"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"net/http"
	"os"

	gateway "github.com/grpc-ecosystem/grpc-gateway/runtime"
	"google.golang.org/grpc"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	mux := gateway.NewServeMux()
	options := []grpc.DialOption{grpc.WithInsecure()}
	check(RegisterProdServiceHandlerFromEndpoint(context.Background(), mux, os.Args[1], options))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		_, _ = io.Copy(ioutil.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(http.Serve(listener, mux))
}
