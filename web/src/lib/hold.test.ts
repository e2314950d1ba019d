import { expect, test } from "vitest";
import { hold, isHeld, whenFree } from "./hold";

test("work waits until the last hold is over, and runs once", () => {
  const ran: string[] = [];
  whenFree(() => ran.push("free"));
  expect(ran).toEqual(["free"]);

  const first = hold();
  const second = hold();
  whenFree(() => ran.push("later"));
  first();
  first();
  expect(isHeld()).toBe(true);
  expect(ran).toEqual(["free"]);
  second();
  expect(isHeld()).toBe(false);
  expect(ran).toEqual(["free", "later"]);
  hold()();
  expect(ran).toEqual(["free", "later"]);
});
