/** A line of text in an SVG. */
export function text(x, y, content, attributes = "") {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${Number(x.toFixed(1))}" y="${y}" ${attributes}>${safe}</text>`;
}
