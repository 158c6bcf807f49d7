// Workspace onboarding: if the welcome e-mail cannot be sent, everything created for the customer
// is removed again.
import { type Pipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

// Stand-ins for a database, a cloud provider and a mail service.
export const workspaces: Map<string, { owner: string; plan: string }> = new Map();
export const resources: Set<string> = new Set();

/** The connection to them; a test replaces it with one that is slow and loses answers. */
export const network = {
  send: async <T>(act: () => T): Promise<T> => {
    await Promise.resolve();
    return act();
  },
};

function sendMail(address: string): Promise<void> {
  return network.send(() => {
    if (address.endsWith("@bounce.example")) throw new Error(`${address} cannot be reached`);
    console.log(`  sent a welcome to ${address}`);
  });
}

interface CustomerArgs {
  ownerEmail: string;
  plan: "free" | "team";
}

const Customer = type({ ownerEmail: "string.email", plan: "'free' | 'team'" });

const createWorkspace = step({
  name: "createWorkspace",
  requires: Customer,
  provides: type({ workspaceId: "string" }),
  run: async ({ ownerEmail, plan }) => {
    const workspaceId = idOf(ownerEmail);
    await network.send(() => {
      workspaces.set(workspaceId, { owner: ownerEmail, plan });
      console.log(`  created ${workspaceId}`);
    });
    return { workspaceId };
  },
  // Not by the output: the workspace may exist even if its answer was lost.
  undoByKey: {
    run: ({ ownerEmail }) =>
      network.send(() => {
        const workspaceId = idOf(ownerEmail);
        if (workspaces.delete(workspaceId)) console.log(`  deleted ${workspaceId}`);
      }),
    timeout: 5_000,
  },
});

const provisionResources = step({
  name: "provisionResources",
  requires: type({ workspaceId: "string" }),
  provides: type({ bucket: "string", database: "string" }),
  run: async ({ workspaceId }, { defer }) => {
    const provision = async (resource: string) => {
      // Each resource is undone separately, as provisioning the next one may fail.
      defer({
        run: () =>
          network.send(() => {
            if (resources.delete(resource)) console.log(`  tore down ${resource}`);
          }),
        timeout: 5_000,
      });
      await network.send(() => {
        resources.add(resource);
        console.log(`  provisioned ${resource}`);
      });
      return resource;
    };
    return {
      bucket: await provision(`bucket/${workspaceId}`),
      database: await provision(`database/${workspaceId}`),
    };
  },
});

const sendWelcomeEmail = step({
  name: "sendWelcomeEmail",
  requires: Customer,
  run: ({ ownerEmail }) => sendMail(ownerEmail),
});

export const onboard: Pipeline<
  "onboard",
  CustomerArgs,
  CustomerArgs & { workspaceId: string; bucket: string; database: string }
> = pipeline({
  name: "onboard",
  argsSchema: Customer,
  steps: [createWorkspace, provisionResources, sendWelcomeEmail],
});

function idOf(ownerEmail: string): string {
  return `ws-of-${ownerEmail.split("@")[0]}`;
}

const customers = [
  { ownerEmail: "alice@mail.example", plan: "team" },
  { ownerEmail: "bob@bounce.example", plan: "free" },
  { ownerEmail: "carol@mail.example", plan: "free" },
] as const;

for (const customer of customers) {
  console.log(`${customer.ownerEmail}, ${customer.plan}`);
  const result = await onboard.run(customer);
  console.log(
    result.success
      ? `  done: ${result.data.workspaceId}`
      : `  failed in ${result.failedStep}: ${result.error.message}`,
  );
}
console.log("workspaces:", [...workspaces.keys()].join(", "));
console.log("resources:", [...resources].join(", "));
