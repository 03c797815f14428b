/** The sample service's made-up credentials as an account of ours. */
import type { Account } from "../account.ts";
import { Secret } from "../secret.ts";
import type { Sample } from "./service.ts";

export function sampleAccount(sample: Sample): Account {
  const { username, secret, projectId } = sample.credentials;
  return { name: "sample project", username, secret: new Secret(secret), projectId: String(projectId), region: "us" };
}
