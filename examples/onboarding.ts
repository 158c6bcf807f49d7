// Workspace onboarding: when the welcome e-mail cannot be sent, what was made for the customer is torn down again.
import { type Pipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

// These stand for a database, a cloud provider and a mail service.
export const workspaces: Map<string, { owner: string; plan: string }> = new Map();
export const resources: Set<string> = new Set();

function sendMail(address: string): void {
  if (address.endsWith("@bounce.example")) throw new Error(`${address} cannot be reached`);
  console.log(`  sent a welcome to ${address}`);
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
  run: ({ ownerEmail, plan }) => {
    const workspaceId = `ws-of-${ownerEmail.split("@")[0]}`;
    workspaces.set(workspaceId, { owner: ownerEmail, plan });
    console.log(`  created ${workspaceId}`);
    return { workspaceId };
  },
  rollback: (_ctx, { workspaceId }) => {
    workspaces.delete(workspaceId);
    console.log(`  deleted ${workspaceId}`);
  },
});

const provisionResources = step({
  name: "provisionResources",
  requires: type({ workspaceId: "string" }),
  provides: type({ bucket: "string", database: "string" }),
  run: ({ workspaceId }, { defer }) => {
    const provision = (resource: string) => {
      resources.add(resource);
      console.log(`  provisioned ${resource}`);
      // Each resource is undone by itself: provisioning the next one may fail.
      defer(() => {
        resources.delete(resource);
        console.log(`  tore down ${resource}`);
      });
      return resource;
    };
    return {
      bucket: provision(`bucket/${workspaceId}`),
      database: provision(`database/${workspaceId}`),
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
