// gRPC's interop tests on grpc-go: a server and a client of grpc.testing.TestService with the
// standard flags. Debian's golang-google-grpc-dev leaves them out.
//
//	peer server -port N [-use_tls -tls_cert_file FILE -tls_key_file FILE]
//	peer client -server_port N -test_case NAME [-use_tls -ca_file FILE -server_host_override NAME]
//
// ../../scripts/interop-foreign.sh builds it and generates code from the vendored .proto files.
// grpc-go does not expose whether a received message was compressed, and it compresses all messages
// of a call or none. The peer checks those parts of the cases.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "grpc/testing"
)

var (
	port         = flag.Int("port", 0, "")
	host         = flag.String("server_host", "127.0.0.1", "")
	serverPort   = flag.Int("server_port", 0, "")
	hostOverride = flag.String("server_host_override", "", "")
	testCase     = flag.String("test_case", "", "")
	useTLS       = flag.Bool("use_tls", false, "")
	caFile       = flag.String("ca_file", "", "")
	certFile     = flag.String("tls_cert_file", "", "")
	keyFile      = flag.String("tls_key_file", "", "")
)

const (
	initialKey  = "x-grpc-test-echo-initial"
	trailingKey = "x-grpc-test-echo-trailing-bin"
)

func zeros(size int32) *pb.Payload { return &pb.Payload{Body: make([]byte, size)} }

// Server

type service struct {
	pb.UnimplementedTestServiceServer
}

func echoed(ctx context.Context) (header, trailer metadata.MD) {
	received, _ := metadata.FromIncomingContext(ctx)
	header, trailer = metadata.MD{}, metadata.MD{}
	header.Set(initialKey, received.Get(initialKey)...)
	trailer.Set(trailingKey, received.Get(trailingKey)...)
	return header, trailer
}

func (service) EmptyCall(context.Context, *pb.Empty) (*pb.Empty, error) { return &pb.Empty{}, nil }

func (service) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	header, trailer := echoed(ctx)
	grpc.SetHeader(ctx, header)
	grpc.SetTrailer(ctx, trailer)
	if wanted := request.ResponseStatus; wanted != nil && wanted.Code != 0 {
		return nil, status.Error(codes.Code(wanted.Code), wanted.Message)
	}
	return &pb.SimpleResponse{Payload: zeros(request.ResponseSize)}, nil
}

type outputStream interface {
	Send(*pb.StreamingOutputCallResponse) error
}

func respond(stream outputStream, request *pb.StreamingOutputCallRequest) error {
	if wanted := request.ResponseStatus; wanted != nil && wanted.Code != 0 {
		return status.Error(codes.Code(wanted.Code), wanted.Message)
	}
	for _, parameters := range request.ResponseParameters {
		time.Sleep(time.Duration(parameters.IntervalUs) * time.Microsecond)
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: zeros(parameters.Size)}); err != nil {
			return err
		}
	}
	return nil
}

func (service) StreamingOutputCall(request *pb.StreamingOutputCallRequest, stream pb.TestService_StreamingOutputCallServer) error {
	return respond(stream, request)
}

func (service) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	var size int32
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: size})
		}
		if err != nil {
			return err
		}
		size += int32(len(request.GetPayload().GetBody()))
	}
}

func (service) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	header, trailer := echoed(stream.Context())
	stream.SetHeader(header)
	stream.SetTrailer(trailer)
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = respond(stream, request)
		}
		if err != nil {
			return err
		}
	}
}

func (service) HalfDuplexCall(stream pb.TestService_HalfDuplexCallServer) error {
	var requests []*pb.StreamingOutputCallRequest
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		requests = append(requests, request)
	}
	for _, request := range requests {
		if err := respond(stream, request); err != nil {
			return err
		}
	}
	return nil
}

func serve() error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return err
	}
	var options []grpc.ServerOption
	if *useTLS {
		tls, err := credentials.NewServerTLSFromFile(*certFile, *keyFile)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(tls))
	}
	server := grpc.NewServer(options...)
	pb.RegisterTestServiceServer(server, &service{})
	fmt.Printf("serving on %s\n", listener.Addr())
	return server.Serve(listener)
}

// Client

var (
	requestSizes  = []int32{27182, 8, 1828, 45904}
	responseSizes = []int32{31415, 9, 2653, 58979}
)

func large() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: 314159, Payload: zeros(271828)}
}

func duplex(index int) *pb.StreamingOutputCallRequest {
	parameters := []*pb.ResponseParameters{{Size: responseSizes[index]}}
	return &pb.StreamingOutputCallRequest{ResponseParameters: parameters, Payload: zeros(requestSizes[index])}
}

// check panics if a condition of the test case does not hold.
func check(holds bool, format string, arguments ...interface{}) {
	if !holds {
		panic(fmt.Sprintf(format, arguments...))
	}
}

func succeeds(err error) { check(err == nil, "%v", err) }

func fails(err error, code codes.Code, message string) {
	got := status.Convert(err)
	check(err != nil && got.Code() == code, "got %v, want %v", err, code)
	check(message == "" || got.Message() == message, "got message %q, want %q", got.Message(), message)
}

func hasSize(payload *pb.Payload, size int32) {
	check(bytes.Equal(payload.GetBody(), make([]byte, size)), "got a payload of %d bytes, want %d zeros", len(payload.GetBody()), size)
}

type inputStream interface {
	Recv() (*pb.StreamingOutputCallResponse, error)
}

func receives(stream inputStream, sizes ...int32) {
	for _, size := range sizes {
		response, err := stream.Recv()
		succeeds(err)
		hasSize(response.Payload, size)
	}
}

func ends(stream inputStream) {
	_, err := stream.Recv()
	check(err == io.EOF, "got %v, want the end of the stream", err)
}

var cases = map[string]func(context.Context, pb.TestServiceClient, pb.UnimplementedServiceClient){
	"empty_unary": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		_, err := test.EmptyCall(ctx, &pb.Empty{})
		succeeds(err)
	},
	"large_unary": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		response, err := test.UnaryCall(ctx, large())
		succeeds(err)
		hasSize(response.Payload, 314159)
	},
	"client_compressed_unary": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		request := large()
		request.ExpectCompressed = &pb.BoolValue{Value: true}
		_, err := test.UnaryCall(ctx, request)
		fails(err, codes.InvalidArgument, "")
		response, err := test.UnaryCall(ctx, request, grpc.UseCompressor(gzip.Name))
		succeeds(err)
		hasSize(response.Payload, 314159)
		request.ExpectCompressed.Value = false
		_, err = test.UnaryCall(ctx, request)
		succeeds(err)
	},
	"client_compressed_streaming": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		stream, err := test.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
		succeeds(err)
		succeeds(stream.Send(&pb.StreamingInputCallRequest{Payload: zeros(27182), ExpectCompressed: &pb.BoolValue{Value: true}}))
		response, err := stream.CloseAndRecv()
		succeeds(err)
		check(response.AggregatedPayloadSize == 27182, "got %d, want 27182", response.AggregatedPayloadSize)
	},
	"server_compressed_unary": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		for _, compressed := range []bool{true, false} {
			request := large()
			request.ResponseCompressed = &pb.BoolValue{Value: compressed}
			response, err := test.UnaryCall(ctx, request)
			succeeds(err)
			hasSize(response.Payload, 314159)
		}
	},
	"server_compressed_streaming": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		parameters := []*pb.ResponseParameters{{Size: 31415, Compressed: &pb.BoolValue{Value: true}}, {Size: 92653, Compressed: &pb.BoolValue{}}}
		stream, err := test.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{ResponseParameters: parameters})
		succeeds(err)
		receives(stream, 31415, 92653)
		ends(stream)
	},
	"client_streaming": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		stream, err := test.StreamingInputCall(ctx)
		succeeds(err)
		for _, size := range requestSizes {
			succeeds(stream.Send(&pb.StreamingInputCallRequest{Payload: zeros(size)}))
		}
		response, err := stream.CloseAndRecv()
		succeeds(err)
		check(response.AggregatedPayloadSize == 74922, "got %d, want 74922", response.AggregatedPayloadSize)
	},
	"server_streaming": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		request := &pb.StreamingOutputCallRequest{}
		for _, size := range responseSizes {
			request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: size})
		}
		stream, err := test.StreamingOutputCall(ctx, request)
		succeeds(err)
		receives(stream, responseSizes...)
		ends(stream)
	},
	"ping_pong": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		stream, err := test.FullDuplexCall(ctx)
		succeeds(err)
		for index, size := range responseSizes {
			succeeds(stream.Send(duplex(index)))
			receives(stream, size)
		}
		succeeds(stream.CloseSend())
		ends(stream)
	},
	"empty_stream": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		stream, err := test.FullDuplexCall(ctx)
		succeeds(err)
		succeeds(stream.CloseSend())
		ends(stream)
	},
	"half_duplex": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		stream, err := test.HalfDuplexCall(ctx)
		succeeds(err)
		for index := range responseSizes {
			succeeds(stream.Send(duplex(index)))
		}
		succeeds(stream.CloseSend())
		receives(stream, responseSizes...)
		ends(stream)
	},
	"slow_consumer": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		request := &pb.StreamingOutputCallRequest{}
		for index := 0; index < 2000; index++ {
			request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: 1030})
		}
		stream, err := test.StreamingOutputCall(ctx, request)
		succeeds(err)
		for range request.ResponseParameters {
			receives(stream, 1030)
			time.Sleep(time.Millisecond)
		}
		ends(stream)
	},
	"custom_metadata": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		ctx = metadata.AppendToOutgoingContext(ctx, initialKey, "test_initial_metadata_value", trailingKey, "\xab\xab\xab")
		checkEcho := func(header, trailer metadata.MD) {
			check(fmt.Sprint(header.Get(initialKey)) == "[test_initial_metadata_value]", "the header has %q", header.Get(initialKey))
			check(fmt.Sprint(trailer.Get(trailingKey)) == "[\xab\xab\xab]", "the trailer has %q", trailer.Get(trailingKey))
		}
		var header, trailer metadata.MD
		_, err := test.UnaryCall(ctx, large(), grpc.Header(&header), grpc.Trailer(&trailer))
		succeeds(err)
		checkEcho(header, trailer)
		stream, err := test.FullDuplexCall(ctx)
		succeeds(err)
		succeeds(stream.Send(duplex(0)))
		succeeds(stream.CloseSend())
		receives(stream, responseSizes[0])
		ends(stream)
		header, err = stream.Header()
		succeeds(err)
		checkEcho(header, stream.Trailer())
	},
	"status_code_and_message": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		wanted := &pb.EchoStatus{Code: int32(codes.Unknown), Message: "test status message"}
		_, err := test.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: wanted})
		fails(err, codes.Unknown, wanted.Message)
		stream, err := test.FullDuplexCall(ctx)
		succeeds(err)
		succeeds(stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: wanted}))
		succeeds(stream.CloseSend())
		_, err = stream.Recv()
		fails(err, codes.Unknown, wanted.Message)
	},
	"special_status_message": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		message := "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
		_, err := test.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(codes.Unknown), Message: message}})
		fails(err, codes.Unknown, message)
	},
	"unimplemented_method": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		_, err := test.UnimplementedCall(ctx, &pb.Empty{})
		fails(err, codes.Unimplemented, "")
	},
	"unimplemented_service": func(ctx context.Context, _ pb.TestServiceClient, unimplemented pb.UnimplementedServiceClient) {
		_, err := unimplemented.UnimplementedCall(ctx, &pb.Empty{})
		fails(err, codes.Unimplemented, "")
	},
	"cancel_after_begin": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := test.StreamingInputCall(ctx)
		succeeds(err)
		cancel()
		_, err = stream.CloseAndRecv()
		fails(err, codes.Canceled, "")
	},
	"cancel_after_first_response": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := test.FullDuplexCall(ctx)
		succeeds(err)
		succeeds(stream.Send(duplex(0)))
		receives(stream, responseSizes[0])
		cancel()
		_, err = stream.Recv()
		fails(err, codes.Canceled, "")
	},
	"timeout_on_sleeping_server": func(ctx context.Context, test pb.TestServiceClient, _ pb.UnimplementedServiceClient) {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		stream, err := test.FullDuplexCall(ctx)
		if err == nil {
			stream.Send(&pb.StreamingOutputCallRequest{Payload: zeros(27182)})
			_, err = stream.Recv()
		}
		fails(err, codes.DeadlineExceeded, "")
	},
}

func runClient() (err error) {
	options := []grpc.DialOption{grpc.WithInsecure()}
	if *useTLS {
		tls, err := credentials.NewClientTLSFromFile(*caFile, *hostOverride)
		if err != nil {
			return err
		}
		options = []grpc.DialOption{grpc.WithTransportCredentials(tls)}
	}
	connection, err := grpc.Dial(fmt.Sprintf("%s:%d", *host, *serverPort), options...)
	if err != nil {
		return err
	}
	defer connection.Close()
	run, known := cases[*testCase]
	if !known {
		return fmt.Errorf("unknown test case")
	}
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%v", failure)
		}
	}()
	run(context.Background(), pb.NewTestServiceClient(connection), pb.NewUnimplementedServiceClient(connection))
	return nil
}

func main() {
	side := "client"
	if len(os.Args) > 1 {
		side = os.Args[1]
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	flag.Parse()
	run := runClient
	if side == "server" {
		run = serve
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", *testCase, err)
		os.Exit(1)
	}
}
