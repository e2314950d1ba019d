// takeCode reads the one-time code of a sign-in link and takes it out of the
// address bar, the history and what a user may copy.
export function takeCode(hash: string): { code?: string; rest: string } {
  const match = /^#code=([^&/]+)(?:&(.*))?$/.exec(hash);
  if (!match?.[1]) return { rest: hash };
  const rest = match[2] ? `#${match[2]}` : "#/keys";
  try {
    return { code: decodeURIComponent(match[1]), rest };
  } catch {
    return { rest }; // a damaged link is no code
  }
}
