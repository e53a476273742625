// One study in OHIF: its first picture, then each further slice by the wheel.
import { drawn, openStudy } from "./viewport.mjs";

export async function play(context, { study, slices, picture, patience_ms }) {
  const page = await openStudy(context, study);
  const pictures = [await drawn(page, patience_ms)];
  await page.locator(".cornerstone-canvas").first().hover();
  while (slices > pictures.length) {
    await page.mouse.wheel(0, 100);
    pictures.push(await drawn(page, patience_ms, pictures.at(-1).digest));
  }
  await page.screenshot({ path: picture });
  return { pictures, text: await page.locator("body").innerText() };
}
