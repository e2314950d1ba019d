// UsageService: what a key spent, holds and may still spend.

package rpc

import (
	"context"
	"math"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

type usageService struct{ engine *engine.Engine }

func (s *usageService) GetUsage(ctx context.Context, req *satcapv1.GetUsageRequest) (*satcapv1.GetUsageResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	view, err := s.engine.View(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &satcapv1.GetUsageResponse{
		Usage: usageToProto(view.Usage()), Revision: view.Key.Revision, ReadTime: timestamp(view.NowUs),
	}, nil
}

func (s *usageService) ListSpends(ctx context.Context, req *satcapv1.ListSpendsRequest) (*satcapv1.ListSpendsResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	size, before := pageSize(req), int64(math.MaxInt64)
	if err := pagePlace(req, &before); err != nil {
		return nil, err
	}
	if req.GetReservedBefore() != nil {
		before = min(before, micros(req.GetReservedBefore()))
	}
	p := store.ListSpendsParams{BeforeUs: before, Limit: size + 1}
	for _, state := range req.GetStates() {
		p.States = append(p.States, ledger.SpendState(state))
	}
	spends, err := s.engine.ListSpends(ctx, ref, p)
	if err != nil {
		return nil, err
	}
	res := &satcapv1.ListSpendsResponse{}
	if len(spends) > size {
		spends = spends[:size]
		res.NextPageToken = pageToken(req, spends[size-1].CreatedAtUs)
	}
	for _, spend := range spends {
		res.Spends = append(res.Spends, spendToProto(spend))
	}
	return res, nil
}
