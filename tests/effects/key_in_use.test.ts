// Nothing under a key is undone while an attempt with that key is in flight, or while its success
// counts.
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
  "does not run if the next succeeds, and its own attempt fails after that": {
    attempts: [{ at: 30, fails: "502", defers: [15] }, { at: 5, gives: c1 }],
    then: ["15: success {id:c1}", "30: late charge@1 rejected: 502"],
  },
  "does not run if the next succeeds, and its own attempt fails before that": {
    attempts: [{ at: 14, fails: "502", defers: [12] }, { at: 8, gives: c1 }],
    then: ["18: late charge@1 rejected: 502", "18: success {id:c1}"],
  },
  "does not run if the next succeeds, and its own attempt has not settled after lateMs": {
    lateMs: 20,
    attempts: [{ defers: [15] }, { at: 8, gives: c1 }],
    then: ["18: success {id:c1}"],
  },
  "does not run if the next succeeds within its grace period": {
    graceMs: 5,
    secondAt: 15,
    attempts: [{ at: 22, fails: "502", defers: [18] }, { at: 12, gives: c1 }],
    then: ["27: late charge@2 adopted", "27: late charge@1 rejected: 502", "27: success {id:c1}"],
  },
  "runs once when the success of the next is undone, and so does one deferred after the failure": {
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
  "runs when the success of the next is undone, if its own attempt has not settled after lateMs": {
    lateMs: 20,
    attempts: [{ defers: [15] }, { at: 8, gives: c1 }],
    failsAt: 50,
    then: ["68: deferred 1.1, charge", "68: failure failing, undone: charge (deferred)"],
  },
  "runs once the next has failed, too, and the key changes": {
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
  "runs once the next is given up, too, whose late output is then undone": {
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
  "does not run if its own attempt lands meanwhile as the step's success, even after lateMs": {
    lateMs: 2,
    attempts: [{ at: 16, gives: c1, defers: [12] }, { at: 8, fails: "no" }],
    failsAt: 5,
    then: [
      "18: late charge@1 adopted",
      "23: deferred 1.1, charge",
      "23: failure failing, undone: charge (deferred)",
    ],
  },
  "runs even if the next succeeds, if the run was given up meanwhile": {
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
  "runs once the step has failed": {
    retry: { count: 1 },
    attempts: [{ at: 14, fails: "502", defers: [12] }, { at: 8, fails: "no" }],
    then: [
      "18: deferred 1.1, charge",
      "18: late charge@1 rejected: 502",
      "18: failure RETRY_EXHAUSTED, undone: nothing",
    ],
  },
  "runs if its own attempt returns another output, which is another effect, whatever its key": {
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
  "does not run if the next succeeds": {
    attempts: [{ at: 5, fails: "no", defers: [8] }, { at: 5, gives: c1 }],
    then: ["10: success {id:c1}"],
  },
  "runs when the success of the next is undone": {
    attempts: [{ at: 5, fails: "no", defers: [8, 18] }, { at: 5, gives: c1 }],
    failsAt: 20,
    then: [
      "30: deferred 1.2, charge",
      "30: deferred 1.1, charge",
      "30: failure failing, undone: charge (deferred), charge (deferred)",
    ],
  },
  "runs at once, if the success of the next has been undone": {
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

describe("an undo that an abandoned attempt defers, when the next attempt has its key", () => {
  tell(afterTimeout, 10);
});

describe("an undo that a failed attempt defers, when the next attempt has its key", () => {
  tell(afterFailure, 5);
});

describe("a key that an attempt has not read", () => {
  const { fakeTime } = cleanups();

  /**
   * The first attempt fails at 5, and defers at 8; the second succeeds at 15. Returns the outcome
   * of that undo, and all keys.
   */
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

  it("is not in use: an undo that another attempt defers runs at once", async () => {
    assertEquals(await play(never), ["undone: r/charge", "no key"]);
  });

  it("is a new one when it is read after that", async () => {
    assertEquals(await play(atLast), ["undone: r/charge", "r/charge~2"]);
  });

  it("may have been passed elsewhere by a host", async () => {
    assertEquals(await play(never, new RecordingHost()), ["no key"]);
  });
});
