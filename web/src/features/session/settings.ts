// What the server says about signing in, in /ui.json.
export interface Settings {
  signIn: "development" | "oidc" | "token";
  embedOrigins: string[];
}

export async function readSettings(server: string): Promise<Settings> {
  try {
    const answer = await fetch(`${server}/ui.json`, { signal: AbortSignal.timeout(15_000) });
    if (answer.ok) return parseSettings(await answer.json());
  } catch {
    // No settings: a token always works.
  }
  return parseSettings(undefined);
}

export function parseSettings(json: unknown): Settings {
  const { signIn, embedOrigins } = (json ?? {}) as Record<string, unknown>;
  return {
    signIn: signIn === "development" || signIn === "oidc" ? signIn : "token",
    embedOrigins: Array.isArray(embedOrigins) ? embedOrigins.filter((o): o is string => typeof o === "string") : [],
  };
}
