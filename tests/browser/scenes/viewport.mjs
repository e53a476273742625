// What OHIF has drawn, read from its canvas.

export async function openStudy(context, study) {
  const page = await context.newPage();
  await page.goto(`/viewer/viewer?StudyInstanceUIDs=${study}`);
  await page.locator(".cornerstone-canvas").first().waitFor();
  return page;
}

/**
 * The first canvas once it shows more than one grey, and something other than `before`, and the same for five frames on
 * end, as it is drawn in steps: how many greys, and how bright it is in its middle and in the mean.
 */
export function drawn(page, patience_ms, before = "") {
  return page.evaluate(look_at_canvas, { patience_ms, before });
}

async function look_at_canvas({ patience_ms, before }) {
  const until = performance.now() + patience_ms;
  let last = "";
  let steady = 0;
  while (until > performance.now()) {
    await new Promise(requestAnimationFrame);
    const canvas = document.querySelector(".cornerstone-canvas");
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const digest = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", data))).join();
    steady = digest === last ? steady + 1 : 0;
    last = digest;
    if (4 > steady || digest === before) continue;
    const greys = data.filter((_, at) => at % 4 === 0);
    const kinds = new Set(greys).size;
    if (kinds === 1) continue;
    const mean = greys.reduce((sum, grey) => sum + grey, 0) / greys.length;
    return { digest, greys: kinds, mean, middle: greys[Math.floor(height / 2) * width + Math.floor(width / 2)] };
  }
  throw new Error("the canvas shows nothing, or nothing new");
}
