// Nothing under a key is undone while an attempt with that key is in flight, or while its success stands.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type RunInfo, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { type Plot, storyOf } from "../support/effects/story.ts";
import { untilRest } from "../support/effects/until_rest.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf } from "../support/results.ts";

const [c1, c2] = [{ id: "c1" }, { id: "c2" }];

interface Case extends Plot {
  /** When the second attempt starts, and what follows. */
  readonly secondAt?: number;
  readonly then: readonly string[];
}

/** Attempt 1 is given up after 10 ms, and defers when attempt 2 has begun under its key. */
const afterTimeout: Record<string, Case> = {
  "stands with the success of that, where it fails after that": {
    attempts: [{ at: 30, fails: "502", defers: [15] }, { at: 5, gives: c1 }],
    then: ["15: success {id:c1}", "30: late charge@1 rejected: 502"],
  },
  "stands with the success of that, where it fails before that": {
    attempts: [{ at: 14, fails: "502", defers: [12] }, { at: 8, gives: c1 }],
    then: ["18: late charge@1 rejected: 502", "18: success {id:c1}"],
  },
  "stands with the success of that, where it has never settled after lateMs": {
    lateMs: 20,
    attempts: [{ defers: [15] }, { at: 8, gives: c1 }],
    then: ["18: success {id:c1}"],
  },
  "stands with the success of that, where that comes in its grace": {
    graceMs: 5,
    secondAt: 15,
    attempts: [{ at: 22, fails: "502", defers: [18] }, { at: 12, gives: c1 }],
    then: ["27: late charge@2 adopted", "27: late charge@1 rejected: 502", "27: success {id:c1}"],
  },
  "is undone with the success of that, once, and also what it defers when it has failed": {
    attempts: [
      { at: 30, fails: "502", defers: [12, 35] },
      { at: 5, gives: c1, defers: [0] },
    ],
    rollback: true,
    failsAt: 50,
    then: [
      "30: late charge@1 rejected: 502",
      "65: rollback of {id:c1}, charge",
      "65: deferred 1.2, charge",
      "65: deferred 1.1, charge",
      "65: deferred 2.1, charge",
      "65: failure failing, undone: charge, charge (deferred), charge (deferred), charge (deferred)",
    ],
  },
  "is undone with the success of that, where it has never settled after lateMs": {
    lateMs: 20,
    attempts: [{ defers: [15] }, { at: 8, gives: c1 }],
    failsAt: 50,
    then: ["68: deferred 1.1, charge", "68: failure failing, undone: charge (deferred)"],
  },
  "is undone once that has failed, too, which costs the key": {
    attempts: [
      { at: 14, fails: "502", defers: [12] },
      { at: 8, fails: "no" },
      { at: 5, gives: c1 },
    ],
    then: [
      "18: deferred 1.1, charge",
      "18: late charge@1 rejected: 502",
      "18: attempt 3 of charge~2",
      "23: success {id:c1}",
    ],
  },
  "is undone once that is given up, too, and then what that returns late": {
    attempts: [
      { at: 14, fails: "502", defers: [12] },
      { at: 12, gives: c1 },
      { at: 5, gives: c2 },
    ],
    rollback: true,
    then: [
      "20: deferred 1.1, charge",
      "20: late charge@1 rejected: 502",
      "20: attempt 3 of charge~2",
      "22: rollback of {id:c1}, charge",
      "22: late charge@2 compensated",
      "25: success {id:c2}",
    ],
  },
  "stays with it where it lands meanwhile, though lateMs is over, and is the step's success": {
    lateMs: 2,
    attempts: [{ at: 16, gives: c1, defers: [12] }, { at: 8, fails: "no" }],
    failsAt: 5,
    then: [
      "18: late charge@1 adopted",
      "23: deferred 1.1, charge",
      "23: failure failing, undone: charge (deferred)",
    ],
  },
  "is undone though that succeeds, where the run was given up meanwhile": {
    graceMs: 5,
    secondAt: 15,
    attempts: [{ at: 22, fails: "502", defers: [18] }, { at: 12, gives: c1 }],
    abortAt: 24,
    then: [
      "27: deferred 1.1, charge",
      "27: late charge@1 rejected: 502",
      "27: late charge@2 no-handler",
      "27: failure ABORTED, undone: nothing",
    ],
  },
  "is undone once the step has failed": {
    retry: { count: 1 },
    attempts: [{ at: 14, fails: "502", defers: [12] }, { at: 8, fails: "no" }],
    then: [
      "18: deferred 1.1, charge",
      "18: late charge@1 rejected: 502",
      "18: failure RETRY_EXHAUSTED, undone: nothing",
    ],
  },
  "is undone where it returns something else: that is another effect, whatever its key": {
    lateMs: 20,
    attempts: [{ defers: [15, 65], at: 60, gives: c2 }, { at: 8, gives: c1 }],
    rollback: true,
    then: [
      "18: success {id:c1}",
      "60: rollback of {id:c2}, charge",
      "60: deferred 1.1, charge",
      "60: late charge@1 compensated",
      "65: deferred 1.2, charge",
      "65: late charge@1 compensated",
    ],
  },
};

/** Attempt 1 fails after 5 ms, and defers when attempt 2 has begun under its key. */
const afterFailure: Record<string, Case> = {
  "stands with the success of that": {
    attempts: [{ at: 5, fails: "no", defers: [8] }, { at: 5, gives: c1 }],
    then: ["10: success {id:c1}"],
  },
  "is undone with the success of that": {
    attempts: [{ at: 5, fails: "no", defers: [8, 18] }, { at: 5, gives: c1 }],
    failsAt: 20,
    then: [
      "30: deferred 1.2, charge",
      "30: deferred 1.1, charge",
      "30: failure failing, undone: charge (deferred), charge (deferred)",
    ],
  },
  "is undone at once, where the success of that is undone": {
    attempts: [{ at: 5, fails: "no", defers: [48] }, { at: 5, gives: c1 }],
    failsAt: 20,
    then: [
      "30: failure failing, undone: nothing",
      "48: deferred 1.1, charge",
      "48: late charge@1 compensated",
    ],
  },
};

function tell(cases: Record<string, Case>, usually: number) {
  for (const [name, { secondAt = usually, then, ...plot }] of Object.entries(cases)) {
    it(name, async () => {
      const start = ["0: attempt 1 of charge", `${secondAt}: attempt 2 of charge`];
      const story = await storyOf({ timeout: 10, retry: { count: 2 }, ...plot });
      assertEquals(story, [...start, ...then]);
    });
  }
}

describe("what an attempt defers that was given up, when the next has its key", () => {
  tell(afterTimeout, 10);
});

describe("what an attempt defers that has failed, when the next has its key", () => {
  tell(afterFailure, 5);
});

describe("a key that an attempt has not been told", () => {
  const { fakeTime } = cleanups();

  /** The first attempt fails at 5, and defers at 8; the second succeeds at 15. Gives what became of that, and all keys. */
  async function play(read: (info: RunInfo) => Promise<string>, host?: RecordingHost) {
    const time = fakeTime();
    const log: string[] = [];
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: async (_ctx, info) => {
        if (info.attempt === 1) {
          setTimeout(() => {
            info.defer(({ effectKey }) => log.push(`undone: ${effectKey}`));
          }, 8);
          await pause(5);
          throw new Error("no");
        }
        log.push(await read(info));
      },
    });
    dataOf(await untilRest(time, charge.run({}, { runId: "r", host, onLate: () => {} })));
    return log;
  }

  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const never = async () => {
    await pause(10);
    return "no key";
  };
  const atLast = async (info: RunInfo) => {
    await pause(10);
    return info.key;
  };

  it("is not in use: what another attempt defers is undone at once", async () => {
    assertEquals(await play(never), ["undone: r/charge", "no key"]);
  });

  it("is a new one when it is told after that", async () => {
    assertEquals(await play(atLast), ["undone: r/charge", "r/charge~2"]);
  });

  it("may have been told elsewhere by a host", async () => {
    assertEquals(await play(never, new RecordingHost()), ["no key"]);
  });
});
