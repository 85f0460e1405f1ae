// A grpc-go server with grpc-go's health service. It prints its port, and answers each other unary
// call with an empty message and its port as `x-port` in the header. A line `SERVICE STATUS` on
// stdin, for example `grpc.testing.TestService NOT_SERVING`, sets the health of a service; a line
// `stop` ends the server gracefully.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	answer := func(_ interface{}, stream grpc.ServerStream) error {
		// Any message without required fields serves as an empty one.
		var message healthpb.HealthCheckRequest
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		stream.SetHeader(metadata.Pairs("x-port", port))
		return stream.SendMsg(&message)
	}
	statuses := health.NewServer()
	server := grpc.NewServer(grpc.UnknownServiceHandler(answer))
	healthpb.RegisterHealthServer(server, statuses)
	fmt.Println(port)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() && lines.Text() != "stop" {
			words := strings.Fields(lines.Text())
			status := healthpb.HealthCheckResponse_ServingStatus_value[words[1]]
			statuses.SetServingStatus(words[0], healthpb.HealthCheckResponse_ServingStatus(status))
		}
		statuses.Shutdown()
		server.GracefulStop()
	}()
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
