// width: a million keys.

package perf

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/jackc/pgx/v5"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

var widthScenario = scenario{
	name:  "width",
	about: "1,000,000 keys of one owner: room, memory, pages of 100 with usage, and the time to start, against 100 keys",
	run:   runWidth,
}

const (
	// developmentOwner owns the keys that the development token may list.
	developmentOwner = "dev"
	// allowedMiB is what a server may take with a million keys under load.
	allowedMiB = 150
	pageSize   = 100
	// pages is how many pages are read for one median.
	pages = 20
)

func runWidth(ctx context.Context, b *bench) error {
	for _, database := range databases {
		if err := widthOn(ctx, b, database); err != nil {
			return err
		}
	}
	return nil
}

func widthOn(ctx context.Context, b *bench, database string) error {
	few, writeFew, err := b.database(ctx, database)
	if err != nil {
		return err
	}
	if err := writeFew(fill.Plan{Prefix: "few-", Keys: pageSize, Subject: developmentOwner}); err != nil {
		return err
	}
	many, writeMany, err := b.database(ctx, database)
	if err != nil {
		return err
	}
	keys := subject.Keys{Prefix: "many-", Count: b.small(1_000_000, 1_000)}
	if err := b.room(ctx, database, many, keys, writeMany); err != nil {
		return err
	}
	starts := []*measured{b.starting("1,000,000 keys", many), b.starting("100 keys", few)}
	if err := b.rounds(ctx, starts...); err != nil {
		return err
	}
	b.figure(database+", time to start", starts[0], starts[1], "s", goal{})
	withMany, err := b.serve(many)
	if err != nil {
		return err
	}
	withFew, err := b.serve(few)
	if err != nil {
		return err
	}
	load := rig.Load{Protocol: "grpc", Callers: callers, Mix: reserveOnly}
	for i := range b.small(1_000, 10) {
		load.KeyIDs = append(load.KeyIDs, keys.At(i*(keys.Count/b.small(1_000, 10))).UUID())
	}
	memory := b.memory("resident", withMany, load)
	allowed := constant("allowed", allowedMiB)
	if err := b.rounds(ctx, memory, allowed); err != nil {
		return err
	}
	b.figure(database+", memory of the server under load on 1,000 of the keys", memory, allowed, "MiB", goal{atMost: 1})
	list := []*measured{b.listing("1,000,000 keys", withMany), b.listing("100 keys", withFew)}
	if err := b.rounds(ctx, list...); err != nil {
		return err
	}
	b.figure(database+", ListApiKeys, a page of 100 with usage", list[0], list[1], "us", goal{})
	return nil
}

// room fills the database with keys and then with spends of one key, and says how
// much room one of each takes.
func (b *bench) room(ctx context.Context, database string, spec subject.Spec, keys subject.Keys, write func(fill.Plan) error) error {
	sizes := make([]float64, 3)
	spends := b.small(1_000_000, 10_000)
	for i, p := range []fill.Plan{{}, {Prefix: keys.Prefix, Keys: keys.Count, Subject: developmentOwner}, {Prefix: "spends-", Keys: 1, Spends: spends, Subject: owner}} {
		if p.Keys > 0 {
			if err := write(p); err != nil {
				return err
			}
		}
		var err error
		if sizes[i], err = storeBytes(ctx, spec); err != nil {
			return err
		}
	}
	key, spend := constant("a key", (sizes[1]-sizes[0])/float64(keys.Count)), constant("a spend", (sizes[2]-sizes[1])/float64(spends))
	if err := b.rounds(ctx, key, spend); err != nil {
		return err
	}
	b.figure(database+", room in the store with all indexes", spend, key, "bytes", goal{})
	return nil
}

// storeBytes is how much room the database takes.
func storeBytes(ctx context.Context, spec subject.Spec) (float64, error) {
	if spec.SQLite != "" {
		info, err := os.Stat(spec.SQLite)
		if err != nil {
			return 0, err
		}
		return float64(info.Size()), nil
	}
	conn, err := pgx.Connect(ctx, spec.Postgres)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	var size int64
	err = conn.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&size)
	return float64(size), err
}

// constant is something that is not measured in rounds.
func constant(name string, value float64) *measured {
	return &measured{name: name, once: func(context.Context) (float64, error) { return value, nil }}
}

// starting is how long a server takes until it listens.
func (b *bench) starting(name string, spec subject.Spec) *measured {
	return &measured{name: name, once: func(context.Context) (float64, error) {
		s, err := b.serve(spec)
		if err != nil {
			return 0, err
		}
		s.Stop()
		return s.StartSeconds, nil
	}}
}

// memory is the most that a server takes while there is load on it.
func (b *bench) memory(name string, s *rig.Server, l rig.Load) *measured {
	return &measured{name: name, once: func(context.Context) (float64, error) {
		loaded := make(chan error, 1)
		go func() { _, err := b.put(s, l); loaded <- err }()
		var most int64
		for {
			select {
			case err := <-loaded:
				return float64(most) / (1 << 20), err
			case <-time.After(20 * time.Millisecond):
			}
			now, err := s.MemoryBytes()
			if err != nil {
				return 0, err
			}
			most = max(most, now)
		}
	}}
}

// listing is the median time of a page of ListApiKeys, each behind the one before.
func (b *bench) listing(name string, s *rig.Server) *measured {
	keys := satcapv1connect.NewApiKeyServiceClient(connect.NewClient(connecthttp.NewTransport(http.DefaultClient, s.URL, connecthttp.WithProtoJSON())))
	return &measured{name: name, once: func(ctx context.Context) (float64, error) {
		var times []float64
		req := &satcapv1.ListApiKeysRequest{PageSize: pageSize}
		for range pages {
			began := time.Now()
			page, err := listPage(ctx, keys, s.Token, req)
			if err != nil {
				return 0, err
			}
			times = append(times, float64(time.Since(began).Nanoseconds())/1e3)
			req.PageToken = page.GetNextPageToken()
		}
		return median(times), nil
	}}
}

func listPage(ctx context.Context, keys satcapv1connect.ApiKeyServiceClient, token string, req *satcapv1.ListApiKeysRequest) (*satcapv1.ListApiKeysResponse, error) {
	ctx, info := connect.NewClientContext(ctx)
	info.RequestHeader().Set("Authorization", "Bearer "+token)
	page, err := keys.ListApiKeys(ctx, req)
	if err == nil && len(page.GetApiKeys()) != pageSize {
		err = fmt.Errorf("ListApiKeys answers with %d keys", len(page.GetApiKeys()))
	}
	return page, err
}
