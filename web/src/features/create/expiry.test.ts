import { expect, it } from "vitest";
import { expireTime, firstCustom } from "./expiry";

it("counts days from now, and takes only times to come", () => {
  const now = Date.UTC(2030, 0, 1);
  expect(expireTime("30", "", now)).toEqual(new Date(Date.UTC(2030, 0, 31)));
  expect(expireTime("never", "", now)).toBeUndefined();
  expect(expireTime("custom", "", now)).toBe("problem");
  expect(expireTime("custom", "2020-01-01T00:00", now)).toBe("problem");
  expect(expireTime("custom", firstCustom(now), now)).toEqual(new Date(now + 7 * 86_400_000));
});
