// A running server, reached by gRPC, for what satcap bench does not do: batches.

package subject

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

type rpcSubject struct {
	conn  *grpc.ClientConn
	token string
}

func openRPC(s Spec) (Subject, error) {
	conn, err := grpc.NewClient(strings.TrimPrefix(s.Server, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	return &rpcSubject{conn, s.Token}, err
}

func (s *rpcSubject) Hold(ctx context.Context, key Key, name string) error {
	return s.HoldAll(ctx, []Key{key}, []string{name})
}

func (s *rpcSubject) HoldAll(ctx context.Context, keys []Key, names []string) error {
	req := &satcapv1.ApplySpendsRequest{}
	for i := range names {
		req.Operations = append(req.Operations, &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Reserve{
			Reserve: &satcapv1.ReserveSpendRequest{ApiKeyId: keys[i].UUID(), SpendId: names[i], AmountSats: 1},
		}})
	}
	res := &satcapv1.ApplySpendsResponse{}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.token)
	if err := s.conn.Invoke(ctx, satcapv1connect.SpendServiceApplySpendsProcedure, req, res); err != nil {
		return err
	}
	if len(res.GetResults()) != len(names) {
		return errors.New("a result is missing")
	}
	for _, r := range res.GetResults() {
		if r.GetReserve() == nil {
			return fmt.Errorf("not held: %v", r.GetError())
		}
	}
	return nil
}

func (s *rpcSubject) Close() error { return s.conn.Close() }
