// OHIF's list of the studies whose patient number holds `number`, as a reader opens it.
export async function play(context, { number, wanted, picture }) {
  const page = await context.newPage();
  await page.goto(`/viewer/?mrn=${encodeURIComponent(number)}`);
  await page.getByText(wanted).first().waitFor();
  await page.screenshot({ path: picture });
  return { text: await page.locator("body").innerText() };
}
