// A client of a running server that tells an answer from the want of one.

package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// kind is a call that the core API makes about a spend.
type kind string

const (
	reserve kind = "reserve"
	settle  kind = "settle"
	release kind = "release"
	reverse kind = "reverse"
	record  kind = "record"
)

// op is one call; sats 0 leaves the amount out.
type op struct {
	kind kind
	sats int64
}

// standing is a spend as it stands; the zero value: there is none.
type standing struct {
	state        satcapv1.Spend_State
	sats, heldBy int64
}

func standingOf(s *satcapv1.Spend) standing {
	return standing{s.GetState(), s.GetAmountSats(), s.GetHeldSats()}
}

// answer is what came of a call.
type answer struct {
	standing standing
	usage    []*satcapv1.WindowUsage
	revision int64
	replayed bool // only told by reserve
	err      error
	// reason is the server's; empty with an error: the server gave no answer.
	reason string
}

// unanswered says whether the call may or may not have happened.
func (a answer) unanswered() bool {
	return a.err != nil && (a.reason == "" || a.reason == "OUTCOME_UNKNOWN")
}

// client calls one server by gRPC.
type client struct {
	spends satcapv1connect.SpendServiceClient
	usage  satcapv1connect.UsageServiceClient
	keys   satcapv1connect.ApiKeyServiceClient
}

// client makes a client with a connection of its own.
func (p *process) client() *client {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	p.t.Cleanup(transport.CloseIdleConnections)
	authorize := func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			ctx, info := connect.NewClientContext(ctx)
			info.RequestHeader().Set("Authorization", "Bearer "+p.token)
			return next(ctx, spec)
		}
	}
	c := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, p.url, connecthttp.WithGRPC()), authorize)
	return &client{
		spends: satcapv1connect.NewSpendServiceClient(c),
		usage:  satcapv1connect.NewUsageServiceClient(c),
		keys:   satcapv1connect.NewApiKeyServiceClient(c),
	}
}

// changed is what the replies of all calls that change something have in common.
type changed interface {
	GetSpend() *satcapv1.Spend
	GetUsage() []*satcapv1.WindowUsage
	GetRevision() int64
}

// call makes one call. It never waits longer than the server may take.
func (c *client) call(key, spend string, o op) answer {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	var res changed
	var err error
	switch o.kind {
	case reserve:
		res, err = c.spends.ReserveSpend(ctx, &satcapv1.ReserveSpendRequest{ApiKeyId: key, SpendId: spend, AmountSats: o.sats})
	case settle:
		req := &satcapv1.SettleSpendRequest{ApiKeyId: key, SpendId: spend}
		if o.sats != 0 {
			req.AmountSats = &o.sats
		}
		res, err = c.spends.SettleSpend(ctx, req)
	case release:
		res, err = c.spends.ReleaseSpend(ctx, &satcapv1.ReleaseSpendRequest{ApiKeyId: key, SpendId: spend})
	case reverse:
		res, err = c.spends.ReverseSpend(ctx, &satcapv1.ReverseSpendRequest{
			ApiKeyId: key, Reference: &satcapv1.ReverseSpendRequest_SpendId{SpendId: spend},
		})
	case record:
		res, err = c.spends.RecordSpend(ctx, &satcapv1.RecordSpendRequest{ApiKeyId: key, SpendId: spend, AmountSats: o.sats})
	}
	if err != nil {
		return answer{err: err, reason: reason(err)}
	}
	a := answer{standing: standingOf(res.GetSpend()), usage: res.GetUsage(), revision: res.GetRevision()}
	if r, ok := res.(*satcapv1.ReserveSpendResponse); ok {
		a.replayed = r.GetReplayed()
	}
	return a
}

// reason is the reason of an error that satcap answered; empty: something else
// went wrong, and there was no answer.
func reason(err error) string {
	var raised *connect.Error
	if !errors.As(err, &raised) || !raised.IsRemote() {
		return ""
	}
	for _, d := range raised.Details() {
		message, err := connectproto.UnmarshalErrorDetail(d)
		if info, ok := message.(*errdetails.ErrorInfo); ok && err == nil && info.GetDomain() == "satcap" {
			return info.GetReason()
		}
	}
	return ""
}

// newKey makes a key with a daily and an annual limit.
func (c *client) newKey(limitSats int64) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	res, err := c.keys.CreateApiKey(ctx, &satcapv1.CreateApiKeyRequest{
		Name: "load", Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE},
		Limits: []*satcapv1.CreateApiKeyLimit{
			{Window: satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, LimitSats: limitSats},
			{Window: satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL, LimitSats: limitSats},
		},
	})
	return res.GetApiKey().GetApiKeyId(), err
}

// list reads every spend of a key.
func (c *client) list(key string) (map[string]standing, error) {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	all := map[string]standing{}
	req := &satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: 1000}
	for {
		res, err := c.usage.ListSpends(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, s := range res.GetSpends() {
			if _, twice := all[s.GetSpendId()]; twice {
				return nil, errors.New("listed twice: " + s.GetSpendId())
			}
			all[s.GetSpendId()] = standingOf(s)
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			return all, nil
		}
	}
}

// readUsage reads the sums of a key.
func (c *client) readUsage(key string) (*satcapv1.GetUsageResponse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	return c.usage.GetUsage(ctx, &satcapv1.GetUsageRequest{ApiKeyId: key})
}

// retryPause is between two tries of a call that was not answered.
const retryPause = 5 * time.Millisecond
