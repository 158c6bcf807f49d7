// Mistakes with resources.
import { pipeline, resource, step, withInputs } from "@runsheet/runsheet";
import { type } from "arktype";

interface Connection {
  query(sql: string): number;
  close(): void;
}
declare function connect(url: string): Promise<Connection>;

const connection = resource({
  name: "connection",
  acquire: (ctx: { url: string }) => connect(ctx.url),
  release: (value) => value.close(),
});
const count = step({
  name: "count",
  run: (ctx: { connection: Connection }) => ({ rows: ctx.connection.query("count") }),
});
const argsSchema = type({ url: "string" });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  usedBeforeItIsAcquired: () =>
    pipeline({
      name: "p",
      argsSchema,
      steps: [
        // @ts-expect-error step 'count' needs { connection: { query: function; close: function } } which nothing before it provides ('connection' comes later)
        count,
        connection,
      ],
    }),

  usedAsSomethingElse: () =>
    pipeline({ name: "p", argsSchema }).step(connection).step(
      // @ts-expect-error step 'save' needs { connection: string } but by then it is { connection: { query: function; close: function } }
      step({ name: "save", run: (ctx: { connection: string }) => ({ saved: ctx.connection }) }),
    ),

  acquiredWithoutWhatItNeeds: () =>
    pipeline({
      name: "p",
      argsSchema: type({ host: "string" }),
      steps: [
        // @ts-expect-error step 'connection' needs { url: string } which nothing before it provides
        connection,
      ],
    }),

  readFromTheData: async () => {
    const result = await pipeline({ name: "p", argsSchema, steps: [connection, count] })
      .run({ url: "" });
    // @ts-expect-error Property 'connection' does not exist
    if (result.success) return result.data.connection;
  },

  askedForAsOutput: () =>
    pipeline({
      name: "p",
      argsSchema,
      // @ts-expect-error output needs { connection: {} } which no step provides
      output: type({ connection: "object" }),
      steps: [connection, count],
    }),

  releasedAsSomethingElse: () =>
    resource({
      name: "lock",
      acquire: () => connect(""),
      // @ts-expect-error Property 'unlock' does not exist on type 'Connection'
      release: (value) => value.unlock(),
    }),

  noAcquisition: () =>
    // @ts-expect-error Property 'acquire' is missing in type
    resource({ name: "lock", release: () => {} }),

  optionOfAStep: () =>
    resource({
      name: "lock",
      acquire: () => connect(""),
      // @ts-expect-error 'rollback' does not exist in type 'ResourceDefinition
      rollback: () => {},
    }),

  inputThatItDoesNotNeed: () =>
    // @ts-expect-error step 'connection' does not need 'uri'
    withInputs(connection, { uri: "databaseUrl" }),
};
