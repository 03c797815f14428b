/** What a test of the executable starts from: the sample service, and homes that are gone afterwards. At the top of a test file. */
import { afterAll } from "bun:test";
import { type Sample, startSample } from "../../src/sample/service.ts";
import { temporaryHome } from "./binary.ts";

export type Home = ReturnType<typeof temporaryHome>;

export async function sampleAndHomes(): Promise<{ sample: Sample; newHome(): Home }> {
  const sample = await startSample();
  const homes: Home[] = [];
  afterAll(async () => {
    for (const home of homes) home.remove();
    await sample.close();
  });
  return {
    sample,
    newHome() {
      const home = temporaryHome();
      homes.push(home);
      return home;
    },
  };
}
