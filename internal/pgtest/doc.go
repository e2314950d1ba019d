// Package pgtest starts throw-away PostgreSQL servers for tests. It downloads
// nothing: it uses the server binaries that it finds, see [BinDir].
//
// Most tests want an empty or a migrated database and share one server per test
// process:
//
//	func TestMain(m *testing.M) { pgtest.Run(m) }
//
//	func TestX(t *testing.T) {
//		url := pgtest.Clone(t, migrate) // or pgtest.Database(t)
//	}
//
// Tests that break the server have one of their own:
//
//	server, err := pgtest.Start(ctx)
//	defer server.Stop()
//	err = server.Kill()       // like a power cut, but the kernel's cache survives
//	err = server.Restart(ctx) // same data, same URL
//
// # Durability
//
// A server runs with fsync, synchronous_commit and full_page_writes on, because
// satcap refuses one without. To be fast nevertheless its files are in memory
// (/dev/shm) where there is room; [WithDir] puts them on a disk.
//
// # Nothing is left behind
//
// PostgreSQL refuses to run as root, so for root it runs as user postgres or
// nobody. A server never outlives the test process, however that ends: a small
// shell process sees the end of a pipe, ends the server and removes its files.
// On Linux the kernel ends the server as well.
//
// A missing PostgreSQL or PgBouncer fails the test; it is never skipped.
package pgtest
