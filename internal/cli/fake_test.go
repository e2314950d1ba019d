// A server of canned answers that remembers what it was asked.

package cli_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// fake implements the services.
type fake struct {
	satcapv1connect.UnimplementedApiKeyServiceHandler
	satcapv1connect.UnimplementedLimitServiceHandler
	satcapv1connect.UnimplementedUsageServiceHandler

	// What it answers with.
	fail    error
	stall   time.Duration
	secret  string
	keys    []*satcapv1.ApiKey
	spends  []*satcapv1.Spend
	changes []*satcapv1.LimitChange
	// watch answers the streams, one after the other.
	watch []func(send func(*satcapv1.WatchUsageResponse) error) error
	stuck bool // every page names the same next page

	mu            sync.Mutex
	requests      []proto.Message
	authorization []string
}

// record keeps the request and returns the error that the fake is to answer with.
func (f *fake) record(ctx context.Context, req proto.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, proto.Clone(req))
	header := ""
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		header = info.RequestHeader().Get("Authorization")
	}
	f.authorization = append(f.authorization, header)
	if f.stall > 0 {
		time.Sleep(f.stall)
	}
	return f.fail
}

func answer[T any](f *fake, ctx context.Context, req proto.Message, res func() *T) (*T, error) {
	if err := f.record(ctx, req); err != nil {
		return nil, err
	}
	return res(), nil
}

func (f *fake) CreateApiKey(ctx context.Context, req *satcapv1.CreateApiKeyRequest) (*satcapv1.CreateApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.CreateApiKeyResponse {
		return &satcapv1.CreateApiKeyResponse{ApiKey: testKey(req.GetName()), Secret: f.secret}
	})
}

func (f *fake) GetApiKey(ctx context.Context, req *satcapv1.GetApiKeyRequest) (*satcapv1.GetApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.GetApiKeyResponse {
		return &satcapv1.GetApiKeyResponse{ApiKey: testKey("till")}
	})
}

func (f *fake) ListApiKeys(ctx context.Context, req *satcapv1.ListApiKeysRequest) (*satcapv1.ListApiKeysResponse, error) {
	if err := f.record(ctx, req); err != nil {
		return nil, err
	}
	items, next, err := page(f, f.keys, req.GetPageSize(), req.GetPageToken())
	return &satcapv1.ListApiKeysResponse{ApiKeys: items, NextPageToken: next}, err
}

func (f *fake) RenameApiKey(ctx context.Context, req *satcapv1.RenameApiKeyRequest) (*satcapv1.RenameApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.RenameApiKeyResponse {
		return &satcapv1.RenameApiKeyResponse{ApiKey: testKey(req.GetName())}
	})
}

func (f *fake) PauseApiKey(ctx context.Context, req *satcapv1.PauseApiKeyRequest) (*satcapv1.PauseApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.PauseApiKeyResponse {
		key := testKey("till")
		key.State = satcapv1.ApiKey_STATE_PAUSED
		return &satcapv1.PauseApiKeyResponse{ApiKey: key}
	})
}

func (f *fake) ResumeApiKey(ctx context.Context, req *satcapv1.ResumeApiKeyRequest) (*satcapv1.ResumeApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.ResumeApiKeyResponse {
		return &satcapv1.ResumeApiKeyResponse{ApiKey: testKey("till")}
	})
}

func (f *fake) RevokeApiKey(ctx context.Context, req *satcapv1.RevokeApiKeyRequest) (*satcapv1.RevokeApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.RevokeApiKeyResponse {
		key := testKey("till")
		key.State, key.RevokeTime = satcapv1.ApiKey_STATE_REVOKED, at(0)
		return &satcapv1.RevokeApiKeyResponse{ApiKey: key}
	})
}

func (f *fake) RotateApiKey(ctx context.Context, req *satcapv1.RotateApiKeyRequest) (*satcapv1.RotateApiKeyResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.RotateApiKeyResponse {
		return &satcapv1.RotateApiKeyResponse{ApiKey: testKey("till"), Secret: f.secret}
	})
}

func (f *fake) UpdateLimits(ctx context.Context, req *satcapv1.UpdateLimitsRequest) (*satcapv1.UpdateLimitsResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.UpdateLimitsResponse {
		return &satcapv1.UpdateLimitsResponse{ApiKey: testKey("till")}
	})
}

func (f *fake) ListLimitChanges(ctx context.Context, req *satcapv1.ListLimitChangesRequest) (*satcapv1.ListLimitChangesResponse, error) {
	if err := f.record(ctx, req); err != nil {
		return nil, err
	}
	items, next, err := page(f, f.changes, req.GetPageSize(), req.GetPageToken())
	return &satcapv1.ListLimitChangesResponse{Changes: items, NextPageToken: next}, err
}

func (f *fake) GetUsage(ctx context.Context, req *satcapv1.GetUsageRequest) (*satcapv1.GetUsageResponse, error) {
	return answer(f, ctx, req, func() *satcapv1.GetUsageResponse {
		return &satcapv1.GetUsageResponse{Usage: testUsage(), Revision: 7, ReadTime: at(0)}
	})
}

func (f *fake) WatchUsage(ctx context.Context, req *satcapv1.WatchUsageRequest, stream satcapv1connect.UsageServiceWatchUsageServerStream) error {
	if err := f.record(ctx, req); err != nil {
		return err
	}
	f.mu.Lock()
	next := f.watch[0]
	f.watch = f.watch[1:]
	f.mu.Unlock()
	return next(stream.Send)
}

func (f *fake) ListSpends(ctx context.Context, req *satcapv1.ListSpendsRequest) (*satcapv1.ListSpendsResponse, error) {
	if err := f.record(ctx, req); err != nil {
		return nil, err
	}
	items, next, err := page(f, f.spends, req.GetPageSize(), req.GetPageToken())
	return &satcapv1.ListSpendsResponse{Spends: items, NextPageToken: next}, err
}

// page cuts a page out of all, and like the server refuses a token of another request.
func page[T any](f *fake, all []T, size int32, token string) ([]T, string, error) {
	from := 0
	if token != "" {
		var of int32
		if _, err := fmt.Sscanf(token, "%d-of-%d", &from, &of); err != nil || of != size {
			return nil, "", refusal(connect.CodeInvalidArgument, "INVALID_ARGUMENT", "bad page token")
		}
	}
	to := min(from+int(size), len(all))
	switch {
	case f.stuck && len(f.requests) > 5:
		return nil, "", connect.NewError(connect.CodeInternal, "asked again and again")
	case f.stuck:
		return all[:to-from], fmt.Sprintf("0-of-%d", size), nil
	case to == len(all):
		return all[from:], "", nil
	}
	return all[from:to], fmt.Sprintf("%d-of-%d", to, size), nil
}

// failedItem is an error as the server puts it into the result of a batch.
func failedItem(t *testing.T, code connect.Code, reason, message string) *satcapv1.SpendResult {
	t.Helper()
	detail, err := anypb.New(&errdetails.ErrorInfo{Reason: reason, Domain: "satcap"})
	require.NoError(t, err)
	return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Error{Error: &status.Status{
		Code: int32(code), Message: message, Details: []*anypb.Any{detail},
	}}}
}

// refusal is an error as the server makes it.
func refusal(code connect.Code, reason, message string) error {
	detail, err := connectproto.NewErrorDetail(&errdetails.ErrorInfo{Reason: reason, Domain: "satcap"})
	if err != nil {
		panic(err)
	}
	return connect.NewError(code, message).WithDetail(detail)
}
