// incumbent: satcap's engine against the transaction that platforms run today.

package perf

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/subject"
)

var incumbentScenario = scenario{
	name:  "incumbent",
	about: "holds by satcap's engine against the transaction that platforms run today, same Postgres, 64 callers, no RPC",
	run:   runIncumbent,
}

// callers is how many ask at once, unless a figure says otherwise.
const callers = 64

// incumbentCases are the keys and their histories. Many keys with long histories
// would only say again what one key with the same history says.
var incumbentCases = []struct {
	keys, spends int
	goal         goal
}{
	{1, 0, goal{atLeast: 25}},
	{1, 100, goal{}},
	{1, 10_000, goal{}},
	{1, 100_000, goal{atLeast: 700}},
	{1_000, 0, goal{}},
	{1_000, 100, goal{atLeast: 5}},
}

func runIncumbent(ctx context.Context, b *bench) error {
	ours, err := b.newPostgres(ctx, true)
	if err != nil {
		return err
	}
	theirs, err := b.newPostgres(ctx, false)
	if err != nil {
		return err
	}
	if err := execute(ctx, theirs, subject.IncumbentSchema); err != nil {
		return err
	}
	engine, err := b.worker(subject.Spec{Kind: "satcap", Postgres: ours})
	if err != nil {
		return err
	}
	incumbent, err := b.worker(subject.Spec{Kind: "incumbent", Postgres: theirs})
	if err != nil {
		return err
	}
	for _, c := range incumbentCases {
		plan := fill.Plan{Keys: b.small(c.keys, 10), Spends: b.small(c.spends, 50), Subject: owner}
		plan.Prefix = fmt.Sprintf("incumbent-%d-%d-", c.keys, c.spends)
		if err := fill.Postgres(ctx, ours, plan); err != nil {
			return err
		}
		job := subject.Job{Op: "hold", Keys: subject.Keys{Prefix: plan.Prefix, Count: plan.Keys}, Callers: callers}
		a, other := b.rate("satcap", engine, job), b.rate("incumbent", incumbent, job)
		// What it wrote in the round before would make its history longer.
		other.before = func(ctx context.Context) error { return fill.Incumbent(ctx, theirs, plan) }
		if err := b.rounds(ctx, a, other); err != nil {
			return err
		}
		b.figure(fmt.Sprintf("%s, %s spends of history each", keysInWords(c.keys), thousands(c.spends)), a, other, "holds/s", c.goal)
	}
	return nil
}

// execute runs statements on a database.
func execute(ctx context.Context, url, statements string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statements)
	return err
}

func keysInWords(n int) string {
	if n == 1 {
		return "hot key"
	}
	return thousands(n) + " keys"
}

// thousands writes n with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
