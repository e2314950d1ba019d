/** Where the API is: the page's own origin, unless the page itself names another. */
export const API_URL = apiUrl();
export const SAME_ORIGIN = new URL(API_URL).origin === location.origin;

function apiUrl(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="satcap-api"]')?.content;
  return new URL(meta || import.meta.env.VITE_API || ".", document.baseURI).href.replace(/\/$/, "");
}
