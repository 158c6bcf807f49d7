// The release of a resource when a host interrupts a run in which another call is under way.
import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { parallel, pipeline, resource, type RunOptions, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost, SuspendingHost } from "../support/hosts.ts";

function interrupted(log: string[], copying: Promise<void>) {
  const file = resource({
    name: "file",
    acquire: () => "f",
    release: () => void log.push("close"),
  });
  const copy = step({
    name: "copy",
    run: async ({ file }: { file: string }) => {
      await copying;
      log.push(`read ${file}`);
    },
  });
  const quick = step({ name: "quick", run: () => {} });
  const p = pipeline({ name: "p", steps: [file, parallel(copy, quick)] });
  const host = new SuspendingHost(new RecordingHost(), (id) => id.endsWith("quick@1"));
  return (options?: RunOptions) => p.run({}, { ...options, host });
}

describe("a resource of a run that a host interrupts", () => {
  const { fakeTime } = cleanups();

  it("is released once the call in another branch, which uses it, has ended", async () => {
    const log: string[] = [];
    const copying = deferred<void>();
    const left: Promise<unknown>[] = [];
    const run = interrupted(log, copying.promise);
    await assertRejects(() => run({ waitUntil: (late) => left.push(late) }));
    await drain();
    assertEquals(log, []);
    copying.resolve();
    await Promise.all(left);
    assertEquals(log, ["read f", "close"]);
  });

  it("is released after 'lateMs' if that call never ends", async () => {
    const time = fakeTime();
    const log: string[] = [];
    await assertRejects(() => interrupted(log, new Promise(() => {}))());
    await time.tickAsync(59_999);
    await drain();
    assertEquals(log, []);
    await time.tickAsync(1);
    await drain();
    assertEquals(log, ["close"]);
  });
});
