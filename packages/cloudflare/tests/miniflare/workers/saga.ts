// The saga of `conform` as a Workflow.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { cloudflare, type WorkflowEvent, type WorkflowStep } from "@runsheet/cloudflare";
import { saga, type SagaArgs, sagaEnd } from "@runsheet/runsheet/testing";
import { waitMs } from "../support/saga.ts";
import { commands, type Env, tell } from "./support.ts";

export class Runs extends WorkflowEntrypoint<Env, SagaArgs> {
  override run(event: WorkflowEvent<SagaArgs>, step: WorkflowStep): Promise<unknown> {
    // A saga is one worker, and so is each life of the instance.
    const own = saga({ tell: (event) => tell(this.env, "saga", event) }, { waitMs });
    const Saga = cloudflare(WorkflowEntrypoint<Env, SagaArgs>, own, { output: sagaEnd });
    return Saga.prototype.run.call(this, event, step);
  }
}

export default commands;
