// Package loadgen puts load on a running server, as the callers of a platform
// would, and measures how it answers. It is what satcap bench runs.
//
// A closed loop keeps a number of callers busy: each sends its next call when the
// last one was answered. It finds the highest rate, but a server that stalls is
// then also asked less. An open loop sends at a rate whatever the server does, and
// measures each call from the moment at which it was to be sent: a stall shows in
// every call that it kept waiting.
//
// The generator runs beside the server on the same machine more often than not,
// so it is kept cheap: it looks at whether a call succeeded, and decodes no answer
// that it does not need. Of a batch it needs what became of each operation.
package loadgen
