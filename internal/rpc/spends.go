// SpendService: what the core API does with payments, call by call. What an
// operation asks of the engine and what it is answered is in operations.go.

package rpc

import (
	"context"
	"time"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
)

type spendService struct {
	engine  *engine.Engine
	holdTTL time.Duration
}

func (s *spendService) CheckSpend(ctx context.Context, req *satcapv1.CheckSpendRequest) (*satcapv1.CheckSpendResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	view, refusal, err := s.engine.Check(ctx, ref, req.GetAmountSats())
	if err != nil {
		return nil, err
	}
	res := &satcapv1.CheckSpendResponse{Allowed: view.MayHold(req.GetAmountSats()), Usage: usageToProto(view.Usage())}
	if refusal != nil && view.Key.Usable(view.NowUs) == nil {
		res.LimitExceeded = limitExceededToProto(refusal)
	}
	return res, nil
}

func (s *spendService) ReserveSpend(ctx context.Context, req *satcapv1.ReserveSpendRequest) (*satcapv1.ReserveSpendResponse, error) {
	return one(ctx, s, req, s.reserve, reserved)
}

func (s *spendService) SettleSpend(ctx context.Context, req *satcapv1.SettleSpendRequest) (*satcapv1.SettleSpendResponse, error) {
	return one(ctx, s, req, settle, settled)
}

func (s *spendService) ReleaseSpend(ctx context.Context, req *satcapv1.ReleaseSpendRequest) (*satcapv1.ReleaseSpendResponse, error) {
	return one(ctx, s, req, release, released)
}

func (s *spendService) ReverseSpend(ctx context.Context, req *satcapv1.ReverseSpendRequest) (*satcapv1.ReverseSpendResponse, error) {
	return one(ctx, s, req, reverse, reversed)
}

func (s *spendService) RecordSpend(ctx context.Context, req *satcapv1.RecordSpendRequest) (*satcapv1.RecordSpendResponse, error) {
	return one(ctx, s, req, record, recorded)
}

// one runs the operation of a call by itself.
func one[Req, Res any](ctx context.Context, s *spendService, req *Req, read operationOf[*Req], reply replyOf[*Res]) (*Res, error) {
	op, err := read(auth.GrantOf(ctx), req)
	if err != nil {
		return nil, err
	}
	r, err := s.engine.Do(ctx, op)
	if err != nil {
		return nil, err
	}
	return reply(r), nil
}
