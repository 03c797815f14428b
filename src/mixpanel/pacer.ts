/** Lets a request go when the quota and the places at once allow it, or says at once when that will be. */
import { QUOTA_WAIT_MS } from "../limits.ts";
import type { Family } from "./api.ts";
import type { Ledger, Pool } from "./quota.ts";
import { allBusy, outOfQuota } from "./rate-limit.ts";
import { createQueue, sleep } from "./wait.ts";

export type Ticket = {
  /** The request was not sent, or Mixpanel does not count it. */
  refund(): void;
  /** The reply is complete or given up; the place is free. Safe to call twice. */
  release(): void;
};

export type Admission = {
  family: Family;
  counted: boolean;
  /** When the call has to be over. */
  deadline: number;
  /** How long one try may take: the place is kept no longer, should this process die. */
  holdMs: number;
  signal?: AbortSignal;
};

export type Pacer = { admit(admission: Admission): Promise<Ticket> };

const POLL_MS = 60;
const NO_TICKET: Ticket = { refund() {}, release() {} };

export function createPacer(ledger: Ledger, now: () => number): Pacer {
  // Within this process calls wait in line; only the first in line asks the shared file again and again.
  const line = createQueue();
  return {
    async admit(admission) {
      const pool = poolOf(admission.family);
      if (pool === undefined) return NO_TICKET;
      const id = admission.counted ? await reserve(ledger, pool, admission, now) : undefined;
      const refund = () => {
        if (id !== undefined) ledger.refund(id);
      };
      if (pool === "export") return { refund, release() {} };
      try {
        const slot = await place(ledger, line, pool, id, admission, now);
        let held = true;
        const release = () => {
          if (held) ledger.finish(slot);
          held = false;
        };
        return { refund, release };
      } catch (fault) {
        refund();
        throw fault;
      }
    },
  };
}

/** The App family is not metered; exports are metered by the hour and the second, not by how many run. */
function poolOf(family: Family): Pool | undefined {
  return family === "app" ? undefined : family;
}

/** A place in the hour. Short waits are slept, longer ones thrown as RATE_LIMITED with the time of the next slot. */
async function reserve(ledger: Ledger, pool: Pool, admission: Admission, now: () => number): Promise<number> {
  const giveUp = Math.min(now() + QUOTA_WAIT_MS, admission.deadline - 1_000);
  for (;;) {
    const time = now();
    const reservation = ledger.reserve(pool, time);
    if ("waitMs" in reservation) {
      const { waitMs, used, limit } = reservation;
      if (time + waitMs > giveUp) throw outOfQuota(admission, used, limit, waitMs, time);
      await sleep(waitMs, admission.signal);
      continue;
    }
    const wait = reservation.at - time;
    try {
      if (wait > 0) await sleep(wait, admission.signal);
      return reservation.id;
    } catch (fault) {
      ledger.refund(reservation.id);
      throw fault;
    }
  }
}

async function place(
  ledger: Ledger,
  line: ReturnType<typeof createQueue>,
  pool: Pool,
  id: number | undefined,
  admission: Admission,
  now: () => number,
): Promise<number> {
  const leave = await line.take(admission.signal);
  try {
    for (;;) {
      const slot = ledger.start(pool, id, now(), admission.holdMs);
      if (slot !== undefined) return slot;
      if (now() + POLL_MS > admission.deadline - 1_000) throw allBusy(admission, ledger.concurrent(pool), now());
      await sleep(POLL_MS, admission.signal);
    }
  } finally {
    leave();
  }
}
