// Takes the place of connect-query's sharing of equal messages in the build: comparing
// every message in depth costs more here than rendering it.
export function createStructuralSharing() {
  return (_old: unknown, data: unknown): unknown => data;
}
