// UsageService: usage as it changes, and as a chart shows it.

package rpc

import (
	"context"
	"fmt"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

func (s *usageService) WatchUsage(ctx context.Context, req *satcapv1.WatchUsageRequest, stream satcapv1connect.UsageServiceWatchUsageServerStream) error {
	grant := auth.GrantOf(ctx)
	ref, err := grant.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return err
	}
	return s.engine.Watch(ctx, engine.WatchParams{
		KeyRef: ref, For: grant.Caller.Subject, Still: stillOf(ctx),
		Send: func(view *ledger.View) error {
			err := stream.Send(&satcapv1.WatchUsageResponse{
				Usage: usageToProto(view.Usage()), Revision: view.Key.Revision, ReadTime: timestamp(view.NowUs),
				State: keyState(&view.Key, view.NowUs),
			})
			if err != nil {
				// A client that went away or takes nothing: there is nobody to answer.
				return fmt.Errorf("%w: %w", context.Canceled, err)
			}
			return nil
		},
	})
}

func (s *usageService) GetSpendSeries(ctx context.Context, req *satcapv1.GetSpendSeriesRequest) (*satcapv1.GetSpendSeriesResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	window := windowFromProto(req.GetWindow())
	series, err := s.engine.Series(ctx, ref, window)
	if err != nil {
		return nil, err
	}
	res := &satcapv1.GetSpendSeriesResponse{
		LimitSats: limitToProto(series.View.Key.Limits[window]), ReadTime: timestamp(series.View.NowUs),
	}
	for i, sats := range series.SpentSats {
		res.Buckets = append(res.Buckets, &satcapv1.SpendBucket{
			StartTime: timestamp(series.StartUs(i)), EndTime: timestamp(series.StartUs(i + 1)), SpentSats: sats,
		})
	}
	return res, nil
}
