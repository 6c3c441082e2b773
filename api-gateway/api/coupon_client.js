// Asks for a coupon and waits for the answer, as a page in a browser should: one Idempotency-Key for all tries, long-polls,
// Retry-After, growing pauses with jitter, and an end. Needs fetch and crypto.randomUUID (browsers, Node 18).

const LONGEST_PAUSE_MS = 30000;
const FINAL = ["ISSUED", "REJECTED", "FAILED"];

// How the request was refused: status and the problem document.
export class CouponRefused extends Error {
  constructor(status, problem) {
    super(problem.detail || `status ${status}`);
    this.status = status;
    this.code = problem.code;
  }
}

// No final answer in time. resultUrl, if there is one, may be asked later; key makes the next try the same request.
export class CouponUndecided extends Error {
  constructor(key, resultUrl) {
    super("The request is still being decided.");
    this.key = key;
    this.resultUrl = resultUrl;
  }
}

// Milliseconds before try number `tries` (from 1): what the server asks for, at least the doubled pause, and up to half of
// it more by chance, so that thousands of pages don't come back together.
export function pauseMs(tries, retryAfter, random = Math.random) {
  const asked = Number(retryAfter) * 1000 || 0;
  const own = Math.min(500 * 2 ** (tries - 1), LONGEST_PAUSE_MS);
  return Math.max(asked, own) * (1 + random() / 2);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A fetch that is tried again while it makes sense: on 503, 429, 408 and when no answer comes. Gives back [response, document].
async function ask(url, options, deadline, onPause) {
  for (let tries = 1; ; tries++) {
    let retryAfter = null;
    try {
      const response = await fetch(url, { ...options, signal: AbortSignal.timeout(70000) });
      const body = await response.json();
      if (response.ok) return [response, body];
      if (![408, 429, 503].includes(response.status)) throw new CouponRefused(response.status, body);
      retryAfter = response.headers.get("Retry-After");
    } catch (error) {
      if (error instanceof CouponRefused) throw error;
    }
    const pause = pauseMs(tries, retryAfter);
    if (Date.now() + pause >= deadline) return [null, null];
    onPause(pause);
    await sleep(pause);
  }
}

// Ask for couponId on behalf of userId; resolves to the final result. options: base (URL of the gateway), token, key (from
// an earlier CouponUndecided), patienceMs, waitS, and progress(document), called with each PENDING.
// Throws CouponRefused (e.g. code SOLD_OUT) or CouponUndecided.
export async function getCoupon(couponId, userId, options = {}) {
  const { base = "", token, patienceMs = 180000, waitS = 20, progress = () => {}, onPause = () => {} } = options;
  const key = options.key || crypto.randomUUID();
  const deadline = Date.now() + patienceMs;
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  if (token) headers.Authorization = `Bearer ${token}`;
  const wish = { method: "POST", headers, body: JSON.stringify({ userId }) };

  const [, accepted] = await ask(`${base}/api/v1/coupons/${couponId}/issue`, wish, deadline, onPause);
  if (!accepted) throw new CouponUndecided(key, null);
  progress(accepted);
  const url = `${base}${accepted.resultUrl}${accepted.resultUrl.includes("?") ? "&" : "?"}wait=${waitS}`;
  for (;;) {
    const [response, result] = await ask(url, { headers: token ? { Authorization: headers.Authorization } : {} }, deadline, onPause);
    if (!response) throw new CouponUndecided(key, accepted.resultUrl);
    if (FINAL.includes(result.status)) return result;
    progress(result);
    const pause = pauseMs(1, response.headers.get("Retry-After"));
    if (Date.now() + pause >= deadline) throw new CouponUndecided(key, accepted.resultUrl);
    await sleep(pause);
  }
}
