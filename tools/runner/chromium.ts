// A headless Chromium: that of the machine, or else the one in npm's @sparticuz/chromium.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { brotliDecompressSync } from "node:zlib";
import { delay } from "@std/async/delay";
import { testPatience } from "./patience.ts";
import { must, shell, write } from "./shell.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const places = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:/Program Files/Google/Chrome/Application/chrome.exe",
];

interface Browser {
  path: string;
  env?: Record<string, string>;
}

async function findBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":");
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [process.env.CHROME ?? "", ...paths, ...places].find((path) => existsSync(path));
  return found ? { path: found } : await unpack("npm/chromium");
}

/**
 * Installs the Chromium of npm, which is for x64 Linux and includes the libraries that it needs.
 */
async function unpack(folder: string): Promise<Browser> {
  const path = `${folder}/chromium`;
  const browser = { path, env: { LD_LIBRARY_PATH: `${folder}/lib` } };
  if (existsSync(path)) return browser;
  await must("make a folder", shell(`mkdir -p ${folder}`));
  await write(`${folder}/package.json`, { dependencies: { "@sparticuz/chromium": "^153.0.0" } });
  const install = "npm install --silent --no-audit --no-fund --ignore-scripts";
  await must("install Chromium", shell(install, { cwd: folder }));
  const bin = `${folder}/node_modules/@sparticuz/chromium/bin`;
  const read = (name: string) => brotliDecompressSync(Deno.readFileSync(`${bin}/${name}.br`));
  await Deno.writeFile(`${folder}/libraries.tar`, read("al2023.tar"));
  await must("unpack its libraries", shell("tar -xf libraries.tar", { cwd: folder }));
  await Deno.writeFile(path, read("chromium"), { mode: 0o755 });
  return browser;
}

/** A page that is open. */
export interface Page {
  /** The value of an expression, as JSON; a promise is awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Writes a picture of what is visible. */
  screenshot(path: string): Promise<void>;
}

export interface Size {
  width: number;
  height: number;
}

/** Opens a page, calls a function with it, and closes everything. */
export async function withPage(
  url: string,
  { width, height }: Size,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { path, env = {} } = await findBrowser();
  const profile = await Deno.makeTempDir();
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const browser = new Deno.Command(path, {
    args: [
      ...flags,
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      `--window-size=${width},${height}`,
      "about:blank",
    ],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const gaveUp = setTimeout(() => browser.kill("SIGKILL"), testPatience);
  try {
    const socket = new WebSocket(await pageOf(profile, browser.status));
    await new Promise((opened) => {
      for (const type of ["open", "error"]) socket.addEventListener(type, opened);
    });
    const send = sender(socket);
    await send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    const page: Page = {
      async evaluate(expression) {
        const { result, exceptionDetails } = await send("Runtime.evaluate", {
          expression,
          awaitPromise: true,
          returnByValue: true,
        });
        if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
        return result.value;
      },
      async screenshot(path) {
        const { data } = await send("Page.captureScreenshot", { format: "png" });
        await Deno.writeFile(path, Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0)));
      },
    };
    await send("Page.navigate", { url });
    const isLoaded = `location.href !== "about:blank" && document.readyState === "complete"`;
    while (!await page.evaluate(isLoaded)) await delay(20);
    await use(page);
    socket.close();
  } finally {
    clearTimeout(gaveUp);
    try {
      browser.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await browser.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** The address of the open page's socket, once the browser has written where it listens. */
async function pageOf(profile: string, ended: Promise<unknown>): Promise<string> {
  let isOver = false;
  void ended.then(() => isOver = true);
  while (!isOver) {
    const text = await Deno.readTextFile(`${profile}/DevToolsActivePort`).catch(() => "");
    const [port] = text.split("\n", 1);
    const targets: Target[] = port
      ? await (await fetch(`http://127.0.0.1:${port}/json`)).json()
      : [];
    const page = targets.find(({ type }) => type === "page");
    if (page) return page.webSocketDebuggerUrl;
    await delay(50);
  }
  throw new Error("Chromium must open a page: it has ended");
}

interface Target {
  type: string;
  webSocketDebuggerUrl: string;
}

/** Sends commands of the DevTools protocol. */
function sender(socket: WebSocket) {
  // deno-lint-ignore no-explicit-any
  type Answer = any;
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  socket.addEventListener("close", () => {
    for (const answer of waiting.values()) answer({ exceptionDetails: "Chromium has ended" });
  });
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    waiting.get(id)?.(error ? { exceptionDetails: error } : result);
  });
  return (method: string, params: object): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(++count, resolve);
    socket.send(JSON.stringify({ id: count, method, params }));
    return promise;
  };
}
