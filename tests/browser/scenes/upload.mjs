// One file by tus-js-client under a browser's session. With `leave_at`, the line goes at that share of the file and the
// page with it; a new page finds the upload by what the first left in localStorage, and goes on.
const ENDPOINT = "/imaging/v1/uploads";

export async function play(context, { file, order, leave_at, picture, patience_ms }) {
  const first = await open(context, file);
  let left = null;
  if (leave_at) {
    await slowDown(context, first);
    await begin(first, { order, patience_ms });
    await first.waitForFunction((share) => window.sent > share, leave_at, { polling: 20 });
    await context.setOffline(true);
    left = await first.evaluate(() => window.upload.abort().then(() => window.sent));
    await first.close();
    await context.setOffline(false);
  }
  const page = leave_at ? await open(context, file) : first;
  await begin(page, { order, patience_ms });
  const done = await page.evaluate(() => window.done);
  await page.screenshot({ path: picture });
  const shown = await context.request.get(done.url);
  return { ...done, left, shown: await shown.json() };
}

async function open(context, file) {
  const page = await context.newPage();
  await page.goto("/upload-test/");
  await page.locator("input").setInputFiles(file);
  return page;
}

/** 4 MB/s towards the region: on loopback a disc would be there before anybody could leave. */
async function slowDown(context, page) {
  const line = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4_000_000 };
  await (await context.newCDPSession(page)).send("Network.emulateNetworkConditions", line);
}

function begin(page, what) {
  return page.evaluate(async ({ endpoint, order, patience_ms }) => {
    const [file] = document.querySelector("input").files;
    const started = performance.now();
    const statuses = [];
    const offsets = [];
    window.done = new Promise((resolve, reject) => {
      window.upload = new tus.Upload(file, {
        endpoint,
        headers: { "X-Gongzhen": "1" },
        metadata: { filename: file.name, order: JSON.stringify(order) },
        retryDelays: Array(100).fill(50),
        onShouldRetry: () => patience_ms > performance.now() - started,
        onAfterResponse: (request, response) => {
          statuses.push(`${request.getMethod()} ${response.getStatus()}`);
          offsets.push(Number(response.getHeader("Upload-Offset")));
        },
        onProgress: (sent, total) => { window.sent = sent / total; },
        onError: reject,
        onSuccess: () => resolve({ url: window.upload.url, statuses, offsets, resumed_at }),
      });
    });
    const [earlier] = await window.upload.findPreviousUploads();
    if (earlier) window.upload.resumeFromPreviousUpload(earlier);
    const resumed_at = earlier?.uploadUrl ?? null;
    window.upload.start();
  }, { endpoint: ENDPOINT, ...what });
}
