package pgtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// serverLog is what one start of a server wrote.
type serverLog struct {
	file  *os.File
	start int64
}

// openLog opens the log of the server in dir at its end.
func openLog(dir string) (*serverLog, error) {
	file, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &serverLog{file: file, start: info.Size()}, nil
}

// text returns what was written since the log was opened.
func (l *serverLog) text() string {
	info, err := l.file.Stat()
	if err != nil || info.Size() < l.start {
		return ""
	}
	text := make([]byte, info.Size()-l.start)
	n, _ := l.file.ReadAt(text, l.start)
	return string(text[:n])
}

// contains reports whether any of the texts was written.
func (l *serverLog) contains(texts ...string) bool {
	text := l.text()
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(text, s) })
}

func (l *serverLog) close() { _ = l.file.Close() }
