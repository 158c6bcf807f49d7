import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import postgres from "postgres";
import { scriptPath } from "./spawn.ts";

/** A separate, empty PostgreSQL. */
export interface Postgres {
  url: string;
  /** Makes another database on the same server, and returns its URL. */
  newDatabase: () => Promise<string>;
  stop: () => Promise<void>;
}

/** Starts a PostgreSQL, or rejects. */
export async function startPostgres(): Promise<Postgres> {
  // The binaries of this platform are not in Deno's lockfile.
  const run = process.versions.deno === undefined ? [] : ["run", "-A", "--no-lock"];
  const child = spawn(process.execPath, [...run, scriptPath("postgres")]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const failure = async () => {
    const code = await closed;
    if (code !== 0) throw new Error(`Cannot run PostgreSQL: it ended with ${code}\n${stderr}`);
  };
  const ready = new Promise<string>((resolve) =>
    createInterface(child.stdout).once("line", resolve)
  );
  const url = await Promise.race([ready, failure()]);
  if (url === undefined) throw new Error("Cannot run PostgreSQL: it ended before it began");
  let databases = 0;
  return {
    url,
    newDatabase: async () => {
      const name = `other${++databases}`;
      const db = postgres(url, { max: 1 });
      await db.unsafe(`create database ${name}`);
      await db.end();
      return url.replace(/\w+$/, name);
    },
    stop: async () => {
      child.stdin.end();
      await failure();
    },
  };
}
