// A client and a server of grpc-go's channelz.
//
// `channelz walk ADDRESS` reads everything that the channelz service at an address shows, two
// results a page, and prints a response as JSON on each line, with the name of its method.
//
// `channelz serve TARGET` calls the health service of TARGET, three times with OK and twice with
// NOT_FOUND, and then serves channelz and the health service. It prints its port, and ends when
// stdin does.
package main

import (
	"context"
	"fmt"
	"io/ioutil"
	"net"
	"os"

	"github.com/golang/protobuf/jsonpb"
	"github.com/golang/protobuf/proto"
	"google.golang.org/grpc"
	channelz "google.golang.org/grpc/channelz/grpc_channelz_v1"
	"google.golang.org/grpc/channelz/service"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	if os.Args[1] == "walk" {
		walk(channelz.NewChannelzClient(dial(os.Args[2])))
	} else {
		serve(os.Args[2])
	}
}

func dial(address string) *grpc.ClientConn {
	connection, err := grpc.Dial(address, grpc.WithInsecure(), grpc.WithBlock())
	check(err)
	return connection
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func print(method string, message proto.Message, err error) {
	check(err)
	text, err := (&jsonpb.Marshaler{}).MarshalToString(message)
	check(err)
	fmt.Println(method, text)
}

const page = 2

func walk(client channelz.ChannelzClient) {
	ctx := context.Background()
	for start := int64(0); ; {
		response, err := client.GetTopChannels(ctx, &channelz.GetTopChannelsRequest{StartChannelId: start, MaxResults: page})
		print("getTopChannels", response, err)
		for _, channel := range response.Channel {
			start = channel.Ref.ChannelId + 1
			one, err := client.GetChannel(ctx, &channelz.GetChannelRequest{ChannelId: channel.Ref.ChannelId})
			print("getChannel", one, err)
			for _, ref := range channel.SubchannelRef {
				subchannel, err := client.GetSubchannel(ctx, &channelz.GetSubchannelRequest{SubchannelId: ref.SubchannelId})
				print("getSubchannel", subchannel, err)
				sockets(client, subchannel.Subchannel.SocketRef)
			}
		}
		if response.End {
			break
		}
	}
	for start := int64(0); ; {
		response, err := client.GetServers(ctx, &channelz.GetServersRequest{StartServerId: start, MaxResults: page})
		print("getServers", response, err)
		for _, server := range response.Server {
			start = server.Ref.ServerId + 1
			one, err := client.GetServer(ctx, &channelz.GetServerRequest{ServerId: server.Ref.ServerId})
			print("getServer", one, err)
			sockets(client, server.ListenSocket)
			serverSockets(client, server.Ref.ServerId)
		}
		if response.End {
			break
		}
	}
}

func serverSockets(client channelz.ChannelzClient, server int64) {
	for start := int64(0); ; {
		request := &channelz.GetServerSocketsRequest{ServerId: server, StartSocketId: start, MaxResults: page}
		response, err := client.GetServerSockets(context.Background(), request)
		print("getServerSockets", response, err)
		sockets(client, response.SocketRef)
		if response.End {
			return
		}
		start = response.SocketRef[len(response.SocketRef)-1].SocketId + 1
	}
}

func sockets(client channelz.ChannelzClient, refs []*channelz.SocketRef) {
	for _, ref := range refs {
		response, err := client.GetSocket(context.Background(), &channelz.GetSocketRequest{SocketId: ref.SocketId})
		print("getSocket", response, err)
	}
}

func serve(target string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer()
	service.RegisterChannelzServiceToServer(server)
	healthpb.RegisterHealthServer(server, health.NewServer())
	client := healthpb.NewHealthClient(dial(target))
	for _, name := range []string{"", "nope", "", "nope", ""} {
		client.Check(context.Background(), &healthpb.HealthCheckRequest{Service: name})
	}
	go server.Serve(listener)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	ioutil.ReadAll(os.Stdin)
}
