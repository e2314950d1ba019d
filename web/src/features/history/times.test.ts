import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { Spend_State, SpendSchema } from "../../gen/satcap/v1/spend_pb";
import { timesOf } from "./times";

const minute = (n: number) => new Date(2026, 10, 24, 12, n);
const at = (n: number) => timestampFromDate(minute(n));

test("a payment that was reversed says when it was held and settled too", () => {
  const spend = create(SpendSchema, { state: Spend_State.REVERSED, reserveTime: at(0), expireTime: at(5), settleTime: at(2), reverseTime: at(30) });
  expect(timesOf(spend)).toEqual([
    { state: Spend_State.REVERSED, at: minute(30) },
    { state: Spend_State.SETTLED, at: minute(2) },
    { state: Spend_State.RESERVED, at: minute(0) },
  ]);
});

test("a hold that expired did so at its end; an open one has not yet", () => {
  const hold = { reserveTime: at(0), expireTime: at(5) };
  expect(timesOf(create(SpendSchema, { ...hold, state: Spend_State.EXPIRED }))[0]).toEqual({ state: Spend_State.EXPIRED, at: minute(5) });
  expect(timesOf(create(SpendSchema, { ...hold, state: Spend_State.RESERVED }))).toEqual([{ state: Spend_State.RESERVED, at: minute(0) }]);
});

test("a hold that was given back says when", () => {
  const hold = create(SpendSchema, { reserveTime: at(0), expireTime: at(5), releaseTime: at(2), state: Spend_State.RELEASED });
  expect(timesOf(hold)).toEqual([
    { state: Spend_State.RELEASED, at: minute(2) },
    { state: Spend_State.RESERVED, at: minute(0) },
  ]);
});

test("moments within a minute are one, and a message that overtook all has none", () => {
  expect(timesOf(create(SpendSchema, { state: Spend_State.SETTLED, reserveTime: at(0), settleTime: at(0) }))).toHaveLength(1);
  expect(timesOf(create(SpendSchema, { state: Spend_State.RELEASED }))).toEqual([]);
});
