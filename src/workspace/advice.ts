/** What a tool knows about a refused query that the client does not: which listing shows the valid ids. */
import { Fault, type FaultCode } from "../fault.ts";

/** An unknown or deleted report is a 404, a 400 or even a 500 at Mixpanel. */
const ABOUT_IDS: readonly FaultCode[] = ["NOT_FOUND", "QUERY_INVALID", "UPSTREAM_ERROR"];

/** The answer, or the same fault with `advice` among its suggestions: first where the id is surely the reason. */
export async function withIdAdvice<T>(answer: Promise<T>, advice: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Fault) || !ABOUT_IDS.includes(error.code)) throw error;
    const { code, message, suggestions, retryAfterSeconds, details, cause } = error;
    throw new Fault(code, message, {
      suggestions: code === "NOT_FOUND" ? [advice, ...suggestions] : [...suggestions, advice],
      retryAfterSeconds,
      details,
      cause,
    });
  }
}
